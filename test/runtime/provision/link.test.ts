/** What the generated code joins, as data. */
import t from 'tap';
import { adaptGlue, UnsupportedGlue } from '../../../runtime/provision/glue.js';
import { transpile } from '../../../runtime/provision/jco.js';
import { recordLink } from '../../../runtime/provision/link.js';
import { isLinkPlan } from '../../../runtime/provision/link-plan.js';
import { builtTask } from '../built-task.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(60_000);

async function glueOf(component: Uint8Array): Promise<string> {
  return adaptGlue((await transpile(component)).javascript);
}

t.test('a component with one module is one step, and its handler is what that module exports', async (t) => {
  const plan = recordLink(await glueOf(await taskComponent()));
  const of = (name: string): object => ({ core: 0, name });
  t.strictSame(plan, {
    steps: [{ module: 'task.core.wasm', imports: [] }],
    lowered: [],
    drops: [],
    globals: [],
    handler: {
      call: of('wasmcloud:messaging/handler@0.2.0#handle-message'),
      postReturn: undefined,
      encoding: 'utf16',
      memory: of('memory'),
      realloc: of('cabi_realloc'),
    },
  });
});

t.test('each import is a function of the host or what an earlier module exports', async (t) => {
  const { component } = await builtTask('test/fixtures/guests/sdk-calls');
  const plan = recordLink(await glueOf(component));
  t.strictSame(JSON.parse(JSON.stringify(plan.steps)), plan.steps, 'it can be written down');
  t.ok(isLinkPlan(JSON.parse(JSON.stringify(plan))));
  t.equal(plan.steps.length, 3);
  for (const [i, { imports }] of plan.steps.entries()) {
    for (const { source } of imports) {
      if (source.from === 'export') t.ok(source.ref.core < i, 'an earlier one');
      if (source.from === 'lowered') t.ok(plan.lowered[source.index]);
      if (source.from === 'drop') t.strictSame(plan.drops[source.index], ['wasi:keyvalue/store/bucket']);
    }
  }
  const names = plan.lowered.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  for (const { memory } of plan.lowered) t.ok(memory === undefined || memory.name === 'memory');
  t.ok(plan.lowered.some(({ realloc }) => realloc?.name === 'cabi_realloc'));
});

t.test('a global of the generated code is made for each instance', async (t) => {
  const glue = await glueOf(await taskComponent());
  const flags = 'const flags = new WebAssembly.Global({ value: "i32", mutable: true }, 3);';
  const passed = glue
    .replace(/^ *\(\{ exports: exports0 \} = instantiateCore\(/m, `${flags}\n$&`)
    .replace(/instantiateCore\(module0\)/, 'instantiateCore(module0, { flags: { a: flags, b: flags } })');
  t.not(passed, glue);
  const { steps, globals } = recordLink(passed);
  t.strictSame(globals, [3]);
  t.strictSame(
    steps[0]?.imports.map(({ module, name, source }) => [module, name, source]),
    ['a', 'b'].map((name) => ['flags', name, { from: 'global', index: 0 }]),
  );
});

t.test('what is neither is refused, and so is code that is not linking only', async (t) => {
  const glue = await glueOf(await taskComponent());
  const changed = (to: string): string => glue.replace(/instantiateCore\(module0\)/, to);
  for (const [what, code] of [
    ['a function of its own', changed('instantiateCore(module0, { own: { act: () => 1 } })')],
    ['a text', changed('instantiateCore(module0, { own: { act: "act" } })')],
    [
      'a global that does not change',
      changed('instantiateCore(module0, { own: { g: new WebAssembly.Global({ value: "i32" }, 1) } })'),
    ],
    ['a call of the guest', glue.replace(/^ *realloc0 = exports0\.cabi_realloc;/m, '$& realloc0(0, 0, 1, 1);')],
  ] as const) {
    t.not(code, glue, what);
    t.throws(() => recordLink(code), what);
  }
  t.throws(() => recordLink(changed('instantiateCore(module0, { own: { act: () => 1 } })')), UnsupportedGlue);
});
