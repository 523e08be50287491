import t from 'tap';
import type { LinkPlan, LinkStep } from '../../../runtime/provision/link-plan.js';
import { link, type Linking } from '../../../runtime/worker/link.js';
import { fromText } from '../provision/wat.js';

const MODULES: Readonly<Record<string, string>> = {
  first: '(module (memory (export "memory") 1) (func (export "seven") (result i32) (i32.const 7)))',
  second: `(module (import "a" "seven" (func $seven (result i32))) (import "a" "host" (func $host (param i32)))
    (import "flags" "flag" (global $flag (mut i32)))
    (func (export "act") (call $host (i32.add (call $seven) (global.get $flag))) (global.set $flag (i32.const 0))))`,
};

const NOWHERE = { core: 0, name: 'nothing' };
const HANDLER: LinkPlan['handler'] = {
  call: { core: 1, name: 'act' },
  postReturn: undefined,
  encoding: 'utf16',
  memory: { core: 0, name: 'memory' },
  realloc: NOWHERE,
};

const FIRST: LinkStep = { module: 'first', imports: [] };
const PLAN: LinkPlan = {
  steps: [
    FIRST,
    {
      module: 'second',
      imports: [
        { module: 'a', name: 'seven', source: { from: 'export', ref: { core: 0, name: 'seven' } } },
        { module: 'a', name: 'host', source: { from: 'lowered', index: 0 } },
        { module: 'flags', name: 'flag', source: { from: 'global', index: 0 } },
      ],
    },
  ],
  lowered: [{ name: 'host#act', encoding: 'utf8', memory: HANDLER.memory, realloc: undefined }],
  drops: [['bucket']],
  globals: [3],
  handler: HANDLER,
};

/** Links for real, and notes what is asked for. */
function linked(plan: LinkPlan) {
  const said: number[] = [];
  const globals: WebAssembly.Global<number>[] = [];
  const dropped: unknown[] = [];
  let memoryThen: unknown;
  const linking: Linking = {
    instantiate: (name, imports) =>
      new WebAssembly.Instance(new WebAssembly.Module(fromText(MODULES[name] ?? '(module)')), imports),
    lower: (_, { memory }) => {
      memoryThen = memory();
      return (value: number) => {
        if (memory() === undefined) throw new Error('there is no memory');
        said.push(value);
      };
    },
    drop: (...resource) => {
      dropped.push(resource);
      return () => undefined;
    },
    global: (global) => globals.push(global),
    lend: (_, value) => value,
  };
  const handler = link(plan, linking);
  return { handler, said, globals, dropped, memoryThen };
}

t.test('modules are joined as the plan says, anew for each instance', (t) => {
  for (let i = 0; i < 2; i++) {
    const { handler, said, globals, dropped, memoryThen } = linked(PLAN);
    t.strictSame([memoryThen, dropped], [undefined, [['bucket']]], 'no module was there yet');
    handler.call(0, 0, 0, 0, 0, 0, 0);
    t.strictSame(said, [10]);
    t.strictSame(
      globals.map(({ value }) => value),
      [0],
    );
    t.type(handler.memory(), WebAssembly.Memory);
    t.strictSame([handler.realloc(), handler.postReturn], [undefined, undefined]);
  }
  t.end();
});

t.test('modules that do not fit the plan are not linked', (t) => {
  const plan = { ...PLAN, steps: [FIRST, { module: 'second', imports: [] }] };
  t.throws(() => linked(plan), TypeError);
  t.end();
});

t.test('no name of an import reaches what objects inherit', (t) => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const source = { from: 'lowered', index: 0 } as const;
    linked({
      ...PLAN,
      steps: [{ module: 'first', imports: [{ module: name, name: 'polluted', source }] }, ...PLAN.steps.slice(1)],
    });
    t.notOk('polluted' in {}, name);
  }
  t.end();
});
