/** Tasks that cannot be suspended are told so when they are installed, with the reason. */
import { t } from 'tap';
import type { LinkPlan, LinkStep } from '../../../runtime/provision/link-plan.js';
import { moduleFaults, suspendFaults } from '../../../runtime/provision/suspend/refusals.js';
import { provision } from '../../../runtime/provision/provision.js';
import { MAX_LIMITS } from '../../../runtime/index.js';
import { fromText } from '../provision/wat.js';
import { taskComponent, type CoreParts } from '../wat-component.js';

const MEMORY_BYTES = 16 * 1024 * 1024;

const CASES: Readonly<Record<string, { readonly parts: CoreParts; readonly message: RegExp }>> = {
  'a tail call': {
    parts: { fields: '(func $f (result i32) (return_call $g)) (func $g (result i32) (i32.const 1))' },
    message: /has tail calls, whose frames cannot be put away \(in function \d+\)/,
  },
  'a local that holds a reference': {
    parts: { fields: '(func (local externref))' },
    message: /has references in locals of function \d+: what is in a frame must be a number/,
  },
  'a parameter that is a reference': {
    parts: { fields: '(func (param externref))' },
    message: /hands references to or from function \d+/,
  },
  'a reference on the stack': {
    parts: { fields: '(func (drop (ref.null func)))' },
    message: /computes with references/,
  },
  'a reference from a global, under a call': {
    parts: {
      fields: `(func $f) (elem declare func $f) (global $g funcref (ref.func $f))
        (func $work (result i32) (i32.const 1))
        (func (drop (ref.is_null (select (result funcref) (global.get $g) (global.get $g) (call $work)))))`,
    },
    message: /computes with references: what is in a frame must be a number to be put away \(in function \d+\)/,
  },
  'a global that keeps a reference': {
    parts: { fields: '(global (mut externref) (ref.null extern))' },
    message: /keeps a reference in global \d+, which a checkpoint cannot hold/,
  },
  'table.set': {
    parts: { fields: '(table 2 funcref) (func (table.set (i32.const 0) (ref.null func)))' },
    message: /writes to a table while it runs, which a checkpoint cannot hold \(in function \d+\)/,
  },
  'table.grow': {
    parts: { fields: '(table 2 funcref) (func (drop (table.grow (ref.null func) (i32.const 1))))' },
    message: /writes to a table while it runs/,
  },
  'table.fill': {
    parts: { fields: '(table 2 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 1)))' },
    message: /writes to a table while it runs/,
  },
  'table.copy': {
    parts: { fields: '(table 2 funcref) (func (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))' },
    message: /writes to a table while it runs/,
  },
  'table.init': {
    parts: {
      fields: `(table 2 funcref) (func $f) (elem $e func $f)
        (func (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)))`,
    },
    message: /writes to a table while it runs/,
  },
  'elem.drop': {
    parts: { fields: '(func $f) (elem $e func $f) (func (elem.drop $e))' },
    message: /drops segments while it runs, which a checkpoint does not tell \(in function \d+\)/,
  },
  'data.drop': {
    parts: { fields: '(data $d "x") (func (data.drop $d))' },
    message: /drops segments while it runs/,
  },
};

for (const [what, { parts, message }] of Object.entries(CASES)) {
  t.test(`${what} is refused by name, and only where the task is to be resumable`, async (t) => {
    const component = await taskComponent(parts);
    await t.resolves(provision(component, { memoryBytes: MEMORY_BYTES }));
    const refused = provision(component, { memoryBytes: MEMORY_BYTES, resumable: 'all' });
    await t.rejects(refused, { code: 'not-resumable', message });
  });
}

t.test('a segment that is copied from at run time and not dropped is no obstacle', async (t) => {
  const fields = '(data $d "x") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))';
  await t.resolves(provision(await taskComponent({ fields }), { memoryBytes: MEMORY_BYTES, resumable: 'all' }));
});

t.test('all that is in the way is said at once', async (t) => {
  const component = await taskComponent({
    fields: '(data $d "x") (func (data.drop $d)) (func (local externref)) (func (drop (ref.null func)))',
  });
  const refused = provision(component, { memoryBytes: MAX_LIMITS.memoryBytes, resumable: 'loops' });
  await t.rejects(refused, { message: /drops segments.*references in locals.*computes with references/ });
});

// Modules with these are no tasks on Node 20 for other reasons, and may be elsewhere.

t.test('an exception is refused, caught or thrown', (t) => {
  const module = fromText('(module (tag $t) (func (try (do (throw $t)) (catch_all))))');
  t.match(moduleFaults('m', module, true), [
    /has exceptions: a handler that runs cannot be put away \(in function 0\)/,
  ]);
  t.same(moduleFaults('m', module, false), [], 'in a module that is never on the stack it does no harm');
  t.end();
});

/** A module of one function without locals, whose code is these bytes. */
function coded(...code: number[]): Uint8Array {
  const body = [0, ...code, 0x0b];
  const typeSection = [1, 4, 1, 0x60, 0, 0];
  const functionSection = [3, 2, 1, 0];
  const codeSection = [10, body.length + 2, 1, body.length, ...body];
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...typeSection, ...functionSection, ...codeSection);
}

t.test('what Asyncify gets wrong in silence, or gives up at, is refused by name', (t) => {
  t.match(moduleFaults('m', coded(0x14, 0), true), ['has call_ref (typed function references)']);
  t.match(moduleFaults('m', coded(0x1f, 0x40, 0, 0x0b), true), ['has try_table (exception handling with exnref)']);
  t.match(moduleFaults('m', coded(0xfb, 0x1e), true), ['has a garbage collection instruction']);
  t.match(moduleFaults('m', coded(0xfe, 3, 0), true), ['has an atomic instruction (threads)']);
  t.end();
});

t.test('a module that was made to be suspended by somebody else is refused', (t) => {
  const module = fromText('(module (func (export "asyncify_start_unwind") (param i32)))');
  t.match(moduleFaults('m', module, true), [/exports "asyncify_start_unwind"/]);
  t.end();
});

/** A plan of two modules, of which the second handles events. */
function plan(first: LinkStep, second: LinkStep): LinkPlan {
  const call = { core: 1, name: 'handle' };
  const handler = { call, postReturn: undefined, encoding: 'utf16', memory: call, realloc: call } as const;
  return { steps: [first, second], lowered: [], drops: [], globals: [], handler };
}

const importing = (core: number, name: string): LinkStep['imports'] => [
  { module: 'env', name, source: { from: 'export', ref: { core, name } } },
];

t.test('a table that the module which handles events shares is refused, whatever its name', (t) => {
  const uses = fromText('(module (import "env" "calls" (table 1 funcref)))');
  const has = fromText('(module (table (export "calls") 1 funcref))');
  const shares = [/^main shares its table "calls" with another module$/];
  const [one, main] = [
    { module: 'one', imports: [] },
    { module: 'main', imports: importing(0, 'calls') },
  ];
  t.match(suspendFaults(plan(one, main), new Map(Object.entries({ one: has, main: uses }))), shares);
  const [other, mine] = [
    { module: 'one', imports: importing(1, 'calls') },
    { module: 'main', imports: [] },
  ];
  t.match(suspendFaults(plan(other, mine), new Map(Object.entries({ one: uses, main: has }))), shares);
  const elsewhere = { module: 'one', imports: importing(0, 'calls') };
  t.same(suspendFaults(plan(elsewhere, mine), new Map(Object.entries({ one: uses, main: has }))), []);
  t.end();
});

t.test('a module that handles events and is there twice is refused', (t) => {
  const twice = plan({ module: 'main', imports: [] }, { module: 'main', imports: [] });
  t.match(suspendFaults(twice, new Map([['main', fromText('(module)')]])), [/main, .* is instantiated more than once/]);
  t.end();
});
