/** The contract with the pinned transpiler: its code has the places that the adapting needs. */
import t from 'tap';
import { adaptGlue, GLUE_PARAMETERS, HOST_HOOKS } from '../../../runtime/provision/glue.js';
import { transpile } from '../../../runtime/provision/jco.js';
import { builtTask } from '../built-task.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(60_000);

/** What the adapted code asks of its surroundings, and how often. */
function hooksOf(code: string): { readonly lowered: string[]; readonly drops: number; readonly lifts: number } {
  const hook = `imports\\['${HOST_HOOKS}'\\]`;
  const lowered = Array.from(code.matchAll(new RegExp(`${hook}\\.lower\\('([^']+)'`, 'g')), ([, name = '']) => name);
  const count = (what: string): number => code.match(new RegExp(`${hook}\\.${what}\\(`, 'g'))?.length ?? 0;
  return { lowered, drops: count('drop'), lifts: count('lift') };
}

/** As a thread compiles it. */
function compiled(code: string): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the code is the transpiler's, as in the runtime
  const make = new Function(...GLUE_PARAMETERS, code) as (scope: object) => unknown;
  return make({ WebAssembly });
}

t.test('every function that a component with resources imports is ours to lower, drops included', async (t) => {
  const { component } = await builtTask('test/fixtures/guests/sdk-calls');
  const { javascript } = await transpile(component);
  const code = adaptGlue(javascript);
  const { lowered, drops, lifts } = hooksOf(code);
  const all = javascript.match(/^ *_trampoline\d+\.fnName = /gm)?.length;
  t.equal(lowered.length, all, 'none is left to the generated code');
  for (const part of ['open', 'get', 'set', 'increment', 'list-keys', 'publish', 'log']) {
    t.ok(
      lowered.some((name) => name.includes(part)),
      part,
    );
  }
  t.equal(drops, 1);
  t.equal(lifts, 1);
  t.type(compiled(code), 'function');
});

t.test('a component that imports nothing has its handler lifted and no more', async (t) => {
  const { javascript } = await transpile(await taskComponent());
  const code = adaptGlue(javascript);
  t.strictSame(hooksOf(code), { lowered: [], drops: 0, lifts: 1 });
  t.type(compiled(code), 'function');
});

t.test('code of another form is refused rather than half adapted', async (t) => {
  const { component } = await builtTask('guest-tasks/thermostat');
  const { javascript } = await transpile(component);
  for (const [what, changed] of [
    ['nothing', ''],
    ['no instantiate', javascript.replaceAll('function instantiate(', 'function start(')],
    ['another export', `${javascript}\nexport const more = 1;\n`],
    ['no core instance', javascript.replaceAll('instantiateCore(', 'makeCore(')],
    ['no trampoline', javascript.replaceAll('let trampoline', 'let springboard')],
    ['no handler', javascript.replaceAll('handle-message', 'handle')],
    ['another encoding', javascript.replaceAll("stringEncoding: 'utf16'", "stringEncoding: 'latin1'")],
  ] as const) {
    t.throws(() => adaptGlue(changed), /unknown form/, what);
  }
});

t.test('what a component calls besides, or a handler of another type, is refused by name', async (t) => {
  const { component } = await builtTask('guest-tasks/thermostat');
  const { javascript } = await transpile(component);
  for (const [message, changed] of [
    [/built-in.*trampoline99 = waitable/, `${javascript}\n  const trampoline99 = waitable.bind(null);\n`],
    [/another type for handle-message.*no broker-message/, javascript.replace('body: v0_1', 'content: v0_1')],
    [/another type for handle-message.*no list of bytes/, javascript.replaceAll(/(valLenBytes2 = len2 \*) 1/g, '$1 4')],
    [
      /another type for handle-message.*its error is no string/,
      javascript.replaceAll('getUint32(ret + 4', 'getFloat32(ret + 4'),
    ],
  ] as const) {
    t.not(changed, javascript);
    t.throws(() => adaptGlue(changed), { name: 'UnsupportedGlue', message });
  }
});
