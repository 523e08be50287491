/** Components made from the text of a core module: small, and with exactly what a test needs. */
import { componentFromCore } from '../../runtime/index.js';
import { wrapAsComponent } from '../../runtime/provision/jco.js';
import { fromText } from './provision/wat.js';

const HANDLER = '"wasmcloud:messaging/handler@0.2.0#handle-message"';
const SEVEN = 'i32 i32 i32 i32 i32 i32 i32';

export interface CoreParts {
  /** Pages. */
  readonly memory?: number;
  /** Fields of the module that come first: imports. */
  readonly imports?: string;
  /** Other fields of the module. */
  readonly fields?: string;
  /** What the handler does before it answers ok, which is a 0 at address 0. */
  readonly body?: string;
  /** Where the host may write: one place for everything. */
  readonly realloc?: string;
}

/** A core module whose handler has nothing to do but `body`. */
export function taskCore(parts: CoreParts = {}): Uint8Array {
  const { memory = 1, imports = '', fields = '', body = '', realloc = '(i32.const 1024)' } = parts;
  return fromText(`(module ${imports}
    (memory (export "memory") ${memory})
    ${fields}
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${realloc})
    (func (export ${HANDLER}) (param ${SEVEN}) (result i32) ${body} (i32.const 0)))`);
}

/** A component that is a task, as far as `runtime/wit` knows. */
export function taskComponent(parts: CoreParts = {}): Promise<Uint8Array> {
  return componentFromCore(taskCore(parts), 'task');
}

const MESSAGING = `package wasmcloud:messaging@0.2.0 {
  interface types { record broker-message { subject: string, body: list<u8>, reply-to: option<string> } }
  interface handler { use types.{broker-message}; handle-message: func(msg: broker-message) -> result<_, string>; }
}`;

/** A component of a world of the test's own. `world` is what the world holds, `packages` what it names. */
export function componentOf(core: Uint8Array, world: string, packages = ''): Promise<Uint8Array> {
  return wrapAsComponent(core, `package test:guest;\nworld guest { ${world} }\n${MESSAGING}\n${packages}`, 'guest');
}
