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

/** The header of a component, and one section of imports with this body. */
function withImports(body: readonly number[]): Uint8Array {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, 10, body.length, ...body]);
}

const A = [0x00, 1, 0x61];

t.test('an import of any sort is seen, not only interfaces', (t) => {
  for (const [sort, description] of [
    ['core module', [0x00, 0x11, 0]],
    ['function', [0x01, 0]],
    ['value', [0x02, 0x01, 0x7f]],
    ['type', [0x03, 0x00, 0]],
    ['abstract type', [0x03, 0x01]],
    ['component', [0x04, 0]],
  ] as const) {
    t.strictSame(componentImports(withImports([1, ...A, ...description])), [{ name: 'a', kind: 'other' }], sort);
  }
  t.strictSame(componentImports(withImports([2, ...A, 0x05, 0, 0x01, 1, 0x62, 0x05, 1])), [
    { name: 'a', kind: 'instance' },
    { name: 'b', kind: 'instance' },
  ]);
  t.end();
});

t.test('what cannot be read is malformed, whatever it is', (t) => {
  for (const [what, bytes] of [
    ['a section that goes on after its imports', withImports([1, ...A, 0x05, 0, 0])],
    ['a section that ends within them', withImports([2, ...A, 0x05, 0])],
    ['a sort that does not exist', withImports([1, ...A, 0x09, 0])],
    ['a name that goes on after the end', withImports([1, 0x00, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a name that is no UTF-8', withImports([1, 0x00, 1, 0xff, 0x05, 0])],
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
