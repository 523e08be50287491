/** A guest that calls the host again and again without a look at its fuel ends where one that looks would. */
import t from 'tap';
import type { Limits } from '../../runtime/index.js';
import { builtTask } from './built-task.js';
import { parse } from './provision/component-tools.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';

t.setTimeout(60_000);

/** In a straight line: metering sees nothing that is dear between two calls. */
const CALLS = 3_000;
/** Each takes some 1 ms of the host's time, and 8 million of fuel. */
const RANDOM_BYTES = 1_048_576;

const MESSAGE = `(type $bytes (list u8)) (type $text (option string))
  (type $message (record (field "subject" string) (field "body" $bytes) (field "reply-to" $text)))`;

/**
 * Compilers' components reach the host through a module that passes calls on, and which looks. This one has its memory
 * in a module of its own, so that its code can be given the host's functions themselves.
 */
const COMPONENT = `(component
  (type $types (instance ${MESSAGE} (export "broker-message" (type (eq $message)))))
  (import "wasmcloud:messaging/types@0.2.0" (instance $types (type $types)))
  (import "wasi:random/random@0.2.0" (instance $random
    (type $bytes (list u8)) (export "get-random-bytes" (func (param "len" u64) (result $bytes)))))
  (alias export $types "broker-message" (type $broker-message))
  (core module $base (memory (export "memory") 40)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $base (instantiate $base))
  (alias core export $base "memory" (core memory $memory))
  (alias core export $base "realloc" (core func $realloc))
  (alias export $random "get-random-bytes" (func $get))
  (core func $get (canon lower (func $get) (memory $memory) (realloc $realloc)))
  (core module $main (import "host" "random" (func $random (param i64 i32)))
    (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
      ${`(call $random (i64.const ${RANDOM_BYTES}) (i32.const 600))\n`.repeat(CALLS)} (i32.const 0)))
  (core instance $host (export "random" (func $get)))
  (core instance $main (instantiate $main (with "host" (instance $host))))
  (alias core export $main "handle" (core func $handle))
  (type $result (result (error string)))
  (type $handler (func (param "msg" $broker-message) (result $result)))
  (func $handler (type $handler)
    (canon lift (core func $handle) (memory $memory) (realloc $realloc) string-encoding=utf16))
  (component $shim ${MESSAGE}
    (import "import-type-broker-message" (type $named (eq $message)))
    (import "import-type-broker-message0" (type $taken (eq $named)))
    (type $result (result (error string)))
    (import "import-func-handle-message" (func $f (param "msg" $taken) (result $result)))
    (export $exported "broker-message" (type $named))
    (type $answer (result (error string)))
    (export "handle-message" (func $f) (func (param "msg" $exported) (result $answer))))
  (instance $shim (instantiate $shim
    (with "import-func-handle-message" (func $handler))
    (with "import-type-broker-message" (type $broker-message))
    (with "import-type-broker-message0" (type $broker-message))))
  (export "wasmcloud:messaging/handler@0.2.0" (instance $shim)))`;

const { runtime, observed } = await startRuntime(t, { threads: 1 });
const { manifest } = await builtTask('guest-tasks/thermostat');
const memoryBytes = 16 * 1_048_576;
const installed = await runtime.install(await parse(COMPONENT), { ...manifest.limits, memoryBytes });
const run = (limits: Partial<Limits>, signal?: AbortSignal) =>
  runtime.run(requestOf({ manifest }, installed, { limits: { ...limits, memoryBytes } }), signal);

/** More than all calls together take. */
const fuel = 1_000_000_000_000;
const deadlineMs = 60_000;

t.test('at its fuel limit, by one call at most', async (t) => {
  const { outcome, usage } = await run({ fuel: 100_000_000, deadlineMs });
  t.strictSame(outcome, { kind: 'out-of-fuel' });
  t.ok(usage.wallMs < 1_000, `after ${usage.wallMs} ms`);
});

t.test('at its deadline, and keeps its thread', async (t) => {
  const { outcome, usage } = await run({ fuel, deadlineMs: 100 });
  t.strictSame(outcome, { kind: 'deadline' });
  t.ok(usage.wallMs < 1_000, `after ${usage.wallMs} ms`);
  t.strictSame(observed, []);
});

t.test('when it is cancelled', async (t) => {
  const { outcome, usage } = await run({ fuel, deadlineMs }, AbortSignal.timeout(100));
  t.strictSame(outcome, { kind: 'cancelled' });
  t.ok(usage.wallMs < 1_000, `after ${usage.wallMs} ms`);
});
