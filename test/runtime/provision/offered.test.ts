import t from 'tap';
import { componentImports } from '../../../runtime/provision/component-imports.js';
import { importFaults } from '../../../runtime/provision/offered.js';
import { provision } from '../../../runtime/provision/provision.js';
import { componentFromCore } from '../../../runtime/index.js';
import { componentOf, taskCore } from '../wat-component.js';
import { importingAll } from './published-wit.js';

t.setTimeout(120_000);

const LIMIT = { memoryBytes: 1024 * 1024 };
const HANDLER = 'export wasmcloud:messaging/handler@0.2.0;';

/** All of WASI that tasks are offered. */
const WASI = [
  'wasi:clocks/wall-clock',
  'wasi:clocks/monotonic-clock',
  'wasi:random/random',
  'wasi:random/insecure',
  'wasi:random/insecure-seed',
  'wasi:io/error',
  'wasi:io/poll',
  'wasi:io/streams',
  'wasi:cli/environment',
  'wasi:cli/exit',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/stderr',
  'wasi:cli/terminal-input',
  'wasi:cli/terminal-output',
  'wasi:cli/terminal-stdin',
  'wasi:cli/terminal-stdout',
  'wasi:cli/terminal-stderr',
  'wasi:filesystem/types',
  'wasi:filesystem/preopens',
];

t.test('every function of WASI is offered with the types it was published with, in each patch version', async (t) => {
  for (const version of ['0.2.0', '0.2.1', '0.2.3', '0.2.6', '0.2.12', '0.2.99']) {
    const imports = componentImports(await importingAll(WASI, version));
    const names = imports.map(({ name }) => name);
    for (const name of WASI) t.ok(names.includes(`${name}@${version}`), `${name}@${version} is imported`);
    t.strictSame(imports.flatMap(importFaults), [], version);
    const functions = imports.flatMap((entry) => [...entry.functions.keys()]);
    t.ok(functions.length > 70, `${functions.length} functions`);
    t.ok(functions.includes('[method]descriptor.set-times-at'));
  }
  await t.resolves(provision(await importingAll(WASI, '0.2.12'), { memoryBytes: 16 * LIMIT.memoryBytes }));
});

t.test('all that runtime/wit has for tasks is offered', async (t) => {
  // What is not imported by the module is left out: the types are what counts, and these are of every kind.
  const core = taskCore({
    imports: `(import "wasi:keyvalue/batch@0.2.0-draft" "get-many" (func (param i32 i32 i32 i32)))
      (import "wasi:keyvalue/atomics@0.2.0-draft" "increment" (func (param i32 i32 i32 i64 i32)))
      (import "wasi:config/store@0.2.0-rc.1" "get-all" (func (param i32)))
      (import "wasmcloud:messaging/consumer@0.2.0" "request" (func (param i32 i32 i32 i32 i32 i32)))
      (import "sterna:task/publisher@0.1.0" "publish" (func (param i32 i32 i32 i32 i32 i32 i32)))
      (import "sterna:task/checkpoint@0.1.0" "offer" (func (param f64)))
      (import "wasi:random/insecure-seed@0.2.0" "insecure-seed" (func (param i32)))`,
  });
  const imports = componentImports(await componentFromCore(core, 'task'));
  t.strictSame(imports.flatMap(importFaults), []);
});

/** Why a component is refused that imports `text`, an interface of `package`. */
async function refusal(pack: string, text: string, name: string, wasm: string): Promise<string> {
  const [ns = '', version = ''] = pack.split('@');
  const qualified = `${ns}/${/interface ([a-z-]+)/.exec(text)?.[1]}@${version}`;
  const core = taskCore({ imports: `(import "${qualified}" "${name.replace('%', '')}" (func $act ${wasm}))` });
  const component = await componentOf(core, `import ${qualified}; ${HANDLER}`, `package ${pack} { ${text} }`);
  try {
    await provision(component, LIMIT);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'it was accepted';
}

t.test('a function of another type is refused, with both types', async (t) => {
  const cases: readonly (readonly [string, string, string, string, string, RegExp])[] = [
    [
      'a result',
      'wasi:clocks@0.2.3',
      'interface monotonic-clock { now: func() -> u32; }',
      'now',
      '(result i32)',
      /func\(\) -> u32 \(it is offered as func\(\) -> u64\)/,
    ],
    [
      'a parameter',
      'wasi:random@0.2.0',
      'interface random { get-random-bytes: func(len: u32) -> list<u8>; }',
      'get-random-bytes',
      '(param i32 i32)',
      /func\(u32\) -> list<u8> \(it is offered as func\(u64\)/,
    ],
    [
      'one more',
      'wasi:logging@0.1.0-draft',
      'interface logging { enum level { trace } log: func(level: level, message: string); }',
      'log',
      '(param i32 i32 i32)',
      /enum \{ trace \}, string\) \(it is offered as func\(enum \{ trace, debug/,
    ],
    [
      'the name of a field',
      'wasi:clocks@0.2.0',
      'interface wall-clock { record datetime { seconds: u64, nanos: u32 } now: func() -> datetime; }',
      'now',
      '(param i32)',
      /nanos: u32.*nanoseconds: u32/,
    ],
    [
      'the order of cases',
      'wasi:config@0.2.0-rc.1',
      'interface store { variant error { io(string), upstream(string) } get: func(key: string) -> result<option<string>, error>; }',
      'get',
      '(param i32 i32 i32)',
      /io\(string\), upstream/,
    ],
    [
      'a list of another',
      'wasi:random@0.2.0',
      'interface insecure { get-insecure-random-bytes: func(len: u64) -> list<s8>; }',
      'get-insecure-random-bytes',
      '(param i64 i32)',
      /list<s8>/,
    ],
    [
      'a resource of its own',
      'wasi:cli@0.2.0',
      'interface stdout { resource output-stream; get-stdout: func() -> output-stream; }',
      'get-stdout',
      '(result i32)',
      /wasi:cli\/stdout\/output-stream \(it is offered as func\(\) -> wasi:io\/streams\/output-stream/,
    ],
  ];
  for (const [what, pack, text, name, wasm, message] of cases) {
    t.match(await refusal(pack, text, name, wasm), message, what);
  }
});

t.test('a function that an offered interface does not have is refused by its name', async (t) => {
  for (const name of ['wait', 'to-string', '%constructor']) {
    const message = await refusal('wasi:clocks@0.2.0', `interface monotonic-clock { ${name}: func(); }`, name, '');
    t.match(message, `wasi:clocks/monotonic-clock@0.2.0#${name.replace('%', '')} (the interface has no such function)`);
  }
});

t.test('a type that unfolds to thousands of parts is refused in a few words', async (t) => {
  const doubled = Array.from({ length: 14 }, (_, i) => `type t${i + 1} = tuple<t${i}, t${i}>;`);
  const text = `interface monotonic-clock { type t0 = list<u8>; ${doubled.join(' ')} now: func() -> list<t14>; }`;
  const message = await refusal('wasi:clocks@0.2.0', text, 'now', '(param i32)');
  t.match(message, /is offered as func\(\) -> u64/);
  t.ok(message.length < 2_000, `${message.length} characters`);
});
