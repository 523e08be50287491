import t from 'tap';
import type { RunResult } from '../../runtime/index.js';
import { builtTask } from './built-task.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { taskComponent } from './wat-component.js';

t.setTimeout(60_000);

const probe = await builtTask('test/fixtures/guests/probe');
const { runtime } = await startRuntime(t, { threads: 1 });
const LIMITS = { ...probe.manifest.limits, memoryBytes: 4 * 65_536 };

/** @param fields What the component imports besides. */
async function noticed(body: string, imports = ''): Promise<RunResult['noticed']> {
  const component = await taskComponent({ memory: 2, imports, body });
  const installed = await runtime.install(component, LIMITS);
  const result = await runtime.run({ ...requestOf(probe, installed), limits: LIMITS });
  t.match(result.outcome, { kind: 'completed' });
  return result.noticed;
}

const context = (name: string, result: string): string =>
  `(import "sterna:task/context@0.1.0" "${name}" (func $ask (result ${result})))`;

t.test('a result says which limits its guest has found out about, and completed all the same', async (t) => {
  t.equal(await noticed('(drop (memory.grow (i32.const 2)))'), undefined, 'what was granted tells nothing');
  t.strictSame(await noticed('(drop (memory.grow (i32.const 3)))'), ['memoryBytes']);
  t.strictSame(await noticed('(drop (call $ask))', context('fuel-left', 'i64')), ['fuel']);
  t.strictSame(await noticed('(drop (call $ask))', context('deadline-left-ms', 'i32')), ['deadlineMs']);
});
