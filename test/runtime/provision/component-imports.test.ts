import t from 'tap';
import { componentImports, isComponent } from '../../../runtime/provision/component-imports.js';
import { MalformedWasm } from '../../../runtime/provision/wasm/bytes.js';
import { builtTask } from '../built-task.js';
import { taskCore } from '../wat-component.js';

t.setTimeout(60_000);

const { component } = await builtTask('guest-tasks/thermostat');

t.test('a component and a core module are told apart', (t) => {
  t.ok(isComponent(component));
  t.notOk(isComponent(taskCore()));
  t.notOk(isComponent(component.subarray(0, 7)));
  t.end();
});

t.test('the names are read with their versions', (t) => {
  const imports = componentImports(component);
  t.ok(imports.every(({ kind }) => kind === 'instance'));
  const names = imports.map(({ name }) => name);
  for (const name of [
    'sterna:task/context@0.1.0',
    'wasi:config/store@0.2.0-rc.1',
    'wasi:keyvalue/store@0.2.0-draft',
    'wasmcloud:messaging/consumer@0.2.0',
  ]) {
    t.ok(names.includes(name), name);
  }
  t.end();
});

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const IMPORTS = 10;
const TYPES = 7;
const CANONS = 8;

/** A component of sections, given as [id, ...body]. */
function sectionsOf(...sections: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...HEADER, ...sections.flatMap(([id = 0, ...body]) => [id, ...leb(body.length), ...body])]);
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

const A = [0x00, 1, 0x61];
const B = [0x00, 1, 0x62];
/** Types 0 and 1: a function, and an instance with nothing in it. */
const TWO_TYPES = [TYPES, 2, 0x40, 0, 0x01, 0x00, 0x42, 0];
const NOTHING = new Map();

t.test('an import of any sort is seen, not only interfaces', (t) => {
  for (const [sort, description] of [
    ['core module', [0x00, 0x11, 0]],
    ['function', [0x01, 0]],
    ['value', [0x02, 0x01, 0x7f]],
    ['type', [0x03, 0x00, 0]],
    ['abstract type', [0x03, 0x01]],
    ['component', [0x04, 0]],
  ] as const) {
    const bytes = sectionsOf(TWO_TYPES, [IMPORTS, 1, ...A, ...description]);
    t.strictSame(componentImports(bytes), [{ name: 'a', kind: 'other', functions: NOTHING }], sort);
  }
  const bytes = sectionsOf(TWO_TYPES, [IMPORTS, 2, ...A, 0x05, 1, 0x02, 1, 0x62, 1, 0x63, 0x05, 1]);
  t.strictSame(
    componentImports(bytes).map(({ name, kind }) => [name, kind]),
    [
      ['a', 'instance'],
      ['b', 'instance'],
    ],
  );
  t.end();
});

t.test('the types of what an interface has are read, resources and those of other interfaces included', (t) => {
  const byName = new Map(componentImports(component).map(({ name, functions }) => [name, functions]));
  const bucket = 'wasi:keyvalue/store/bucket';
  t.match(byName.get('wasi:keyvalue/store@0.2.0-draft')?.get('[method]bucket.get'), {
    params: [{ kind: 'borrow', resource: bucket }, 'string'],
    returns: { kind: 'result', ok: { kind: 'option', of: 'bytes' }, err: { kind: 'variant' } },
  });
  t.match(byName.get('wasmcloud:messaging/consumer@0.2.0')?.get('publish'), {
    params: [
      {
        kind: 'record',
        of: [
          ['subject', 'string'],
          ['body', 'bytes'],
          ['replyTo', { kind: 'option', of: 'string' }],
        ],
      },
    ],
  });
  t.end();
});

t.test('what the indices of types refer to is not moved by instances and exports between them', (t) => {
  // An instance of its own comes before the one that is imported; the alias is of the second, which has the resource "r".
  const bytes = sectionsOf(
    [5, 1, 0x01, 0],
    [TYPES, 1, 0x42, 1, 0x04, 0x00, 1, 0x72, 0x03, 0x01],
    [IMPORTS, 1, ...A, 0x05, 0],
    [6, 1, 0x03, 0x00, 1, 1, 0x72],
    [11, 1, 0x00, 1, 0x65, 0x03, 1, 0x00],
    // Type 3 is an interface with a function from the borrowed resource of the outer type 2, which the export made.
    [
      TYPES,
      1,
      0x42,
      4,
      0x02,
      0x03,
      0x02,
      1,
      2,
      0x01,
      0x68,
      0,
      0x01,
      0x40,
      1,
      1,
      0x70,
      1,
      0x01,
      0x00,
      0x04,
      0x00,
      1,
      0x66,
      0x01,
      2,
    ],
    [IMPORTS, 1, ...B, 0x05, 3],
  );
  const [, second] = componentImports(bytes);
  t.strictSame(second?.functions.get('f')?.params, [{ kind: 'borrow', resource: 'a/r' }]);
  t.end();
});

t.test('parts of the component model that tasks are not offered are refused by name', (t) => {
  const lower = (...options: readonly number[]): number[] => [CANONS, 1, 0x01, 0x00, 0, ...options];
  const nested = [4, ...HEADER, CANONS, 2, 1, 0x05];
  const cases: readonly (readonly [RegExp, readonly (readonly number[])[]])[] = [
    [/latin1\+utf16/, [lower(1, 0x02)]],
    [/asynchronous functions/, [lower(2, 0x00, 0x06)]],
    [/asynchronous functions/, [lower(1, 0x07, 0)]],
    [/canonical option 0x9/, [lower(1, 0x09)]],
    [/resource\.new/, [[CANONS, 1, 0x02, 0]]],
    [/resource\.rep/, [[CANONS, 1, 0x04, 0]]],
    [/asynchronous calls \(canonical built-in 0x1f\)/, [[CANONS, 1, 0x1f]]],
    [/error contexts/, [[CANONS, 1, 0x1c, 0]]],
    [/threads/, [[CANONS, 1, 0x40, 0]]],
    [/asynchronous calls/, [nested]],
    [/asynchronous functions/, [[TYPES, 1, 0x43, 0, 0x01, 0x00]]],
    [/streams as values/, [[TYPES, 1, 0x66, 0x00]]],
    [/futures/, [[TYPES, 1, 0x65, 0x00]]],
    [/lists of a fixed length/, [[TYPES, 1, 0x67, 0x7f, 3]]],
    [/names of form 5/, [[IMPORTS, 1, 0x05, 1, 0x61, 0x01, 0]]],
    [/types nested deeper than 32/, [[TYPES, 1, ...Array.from({ length: 40 }, () => [0x42, 1, 0x01]).flat(), 0x42, 0]]],
    [/components nested deeper than 32/, [nestedComponents(40)]],
  ];
  for (const [message, sections] of cases) {
    t.throws(
      () => componentImports(sectionsOf(...sections)),
      { name: 'UnsupportedComponent', message },
      String(message),
    );
  }
  t.doesNotThrow(() =>
    componentImports(sectionsOf(lower(5, 0x00, 0x01, 0x03, 0, 0x04, 0, 0x05, 0), [CANONS, 1, 0x03, 0])),
  );
  t.doesNotThrow(() => componentImports(sectionsOf(nestedComponents(30))));
  t.end();
});

/** A section with a component in it that has one in it, and so on. */
function nestedComponents(depth: number): number[] {
  let section: number[] = [4, ...HEADER];
  for (let i = 1; i < depth; i++) {
    const [id = 4, ...body] = section;
    section = [4, ...HEADER, id, ...leb(body.length), ...body];
  }
  return section;
}

t.test('what cannot be read is malformed, whatever it is', (t) => {
  for (const [what, bytes] of [
    ['a section that goes on after its imports', sectionsOf(TWO_TYPES, [IMPORTS, 1, ...A, 0x05, 1, 0])],
    ['a section that ends within them', sectionsOf(TWO_TYPES, [IMPORTS, 2, ...A, 0x05, 1])],
    ['a sort that does not exist', sectionsOf([IMPORTS, 1, ...A, 0x09, 0])],
    ['a type that does not exist', sectionsOf([IMPORTS, 1, ...A, 0x05, 0])],
    ['a type of no form', sectionsOf([TYPES, 1, 0x50])],
    ['a value of a function’s type', sectionsOf([TYPES, 2, 0x40, 0, 0x01, 0x00, 0x70, 0])],
    ['a handle of what is no resource', sectionsOf([TYPES, 2, 0x40, 0, 0x01, 0x00, 0x69, 0])],
    ['a name that goes on after the end', sectionsOf([IMPORTS, 1, 0x00, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a name that is no UTF-8', sectionsOf([IMPORTS, 1, 0x00, 1, 0xff, 0x05, 0])],
    ['a section that goes on after the end', Uint8Array.from([...HEADER, IMPORTS, 9, 1])],
    ['a core module', taskCore()],
  ] as const) {
    t.throws(() => componentImports(bytes), MalformedWasm, what);
  }
  for (let end = 8; end < component.length; end += 11) {
    try {
      componentImports(component.subarray(0, end));
    } catch (error) {
      if (!(error instanceof MalformedWasm)) t.fail(`cut off at ${end}: ${String(error)}`);
    }
  }
  t.end();
});
