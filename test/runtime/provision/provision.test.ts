import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { RUNTIME_BOUNDS, RuntimeError } from '../../../runtime/index.js';
import { META_FILE, type Artifact } from '../../../runtime/provision/artifact.js';
import { provision } from '../../../runtime/provision/provision.js';
import { Provisioner } from '../../../runtime/provision/provisioner.js';
import { componentOf, taskComponent, taskCore } from '../wat-component.js';
import { parse, print } from './component-tools.js';
import { fromText } from './wat.js';

t.setTimeout(120_000);

const MiB = 1024 * 1024;
const LIMIT = { memoryBytes: MiB };
const HANDLER = 'export wasmcloud:messaging/handler@0.2.0;';

t.test('what is not a component is refused as that', async (t) => {
  const component = await taskComponent();
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['a core module', taskCore(), /not a WebAssembly component.*wrapped/],
    ['nothing', new Uint8Array(), /not a WebAssembly component/],
    ['text', Buffer.from('(component)'), /not a WebAssembly component/],
    ['a component cut off', component.subarray(0, component.length - 100), /cannot be|ends inside/],
    ['a component with garbage at its end', Buffer.concat([component, Buffer.from([1, 2, 3])]), /cannot be/],
  ];
  for (const [what, bytes, message] of cases) {
    await t.rejects(provision(bytes, LIMIT), { code: 'component-invalid', message }, what);
  }
});

/** Whose fault it is: a component's, never ours. */
const ITS_OWN: ReadonlySet<unknown> = new Set(['component-invalid', 'component-refused', 'component-over-limit']);

t.test('whatever byte is changed, it is prepared or refused, by the code of a component’s own fault', async (t) => {
  const component = await taskComponent({ fields: '(table 2 funcref)' });
  const codes = new Set<unknown>();
  for (let at = 8; at < component.length; at += 7) {
    const changed = Uint8Array.from(component);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    try {
      await provision(changed, LIMIT);
    } catch (error) {
      const code = error instanceof RuntimeError ? error.code : undefined;
      if (!ITS_OWN.has(code)) t.fail(`byte ${at}: ${String(error)}`);
      codes.add(code);
    }
  }
  t.ok(codes.has('component-invalid'));
});

t.test('an import whose name is no UTF-8 is the component’s fault', async (t) => {
  const name = 'wasi:sockets/network@0.2.0';
  const bytes = Buffer.from(await componentImporting(name, 'wasi:sockets@0.2.0', 'network'));
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) bytes[at] = 0xff;
  await t.rejects(provision(bytes, LIMIT), { name: 'RuntimeError', code: 'component-invalid' });
});

/** A component that imports one function of one interface, and is a task otherwise. */
function componentImporting(name: string, pack: string, iface: string): Promise<Uint8Array> {
  return componentOf(
    taskCore({ imports: `(import "${name}" "act" (func $act))`, body: '(call $act)' }),
    `import ${name}; ${HANDLER}`,
    `package ${pack} { interface ${iface} { act: func(); } }`,
  );
}

t.test('imports that tasks are not offered are refused, each by its name', async (t) => {
  const core = taskCore({
    imports: `(import "wasi:sockets/network@0.2.0" "act" (func $a))
      (import "wasi:clocks/wall-clock@0.3.0" "act" (func $b))
      (import "wasi:keyvalue/store@9.9.9" "act" (func $c))
      (import "$root" "act" (func $d))`,
    body: '(call $a) (call $b) (call $c) (call $d)',
  });
  const world = `import wasi:sockets/network@0.2.0; import wasi:clocks/wall-clock@0.3.0;
    import wasi:keyvalue/store@9.9.9; import act: func(); ${HANDLER}`;
  const packages = [
    ['wasi:sockets@0.2.0', 'network'],
    ['wasi:clocks@0.3.0', 'wall-clock'],
    ['wasi:keyvalue@9.9.9', 'store'],
  ].map(([pack, iface]) => `package ${pack} { interface ${iface} { act: func(); } }`);
  const refused = provision(await componentOf(core, world, packages.join('\n')), LIMIT);
  await t.rejects(refused, { code: 'component-refused' });
  const { message } = await refused.then(
    () => new Error('it was accepted'),
    (error: Error) => error,
  );
  t.match(message, /wasi:sockets\/network@0\.2\.0 \(tasks are not offered it\)/);
  t.match(message, /wasi:clocks\/wall-clock@0\.3\.0 \(.*0\.2\.x\)/);
  t.match(message, /wasi:keyvalue\/store@9\.9\.9 \(it is offered as wasi:keyvalue\/store@0\.2\.0-draft\)/);
  t.match(message, /act \(tasks import interfaces only\)/);
});

t.test('interfaces that are offered are taken in every patch version, and called what they are', async (t) => {
  for (const version of ['0.2.0', '0.2.3', '0.2.19']) {
    const name = `wasi:clocks/monotonic-clock@${version}`;
    const core = taskCore({ imports: `(import "${name}" "now" (func $now (result i64)))`, body: '(drop (call $now))' });
    const clock = `package wasi:clocks@${version} { interface monotonic-clock { now: func() -> u64; } }`;
    const { artifact } = await provision(await componentOf(core, `import ${name}; ${HANDLER}`, clock), LIMIT);
    t.ok(artifact.imports.includes(name), name);
  }
});

t.test('a component that handles no messages is no task', async (t) => {
  const core = fromText('(module (func (export "act")))');
  const component = await componentOf(core, 'export act: func();');
  const message = /does not export wasmcloud:messaging\/handler@0\.2\.0/;
  await t.rejects(provision(component, LIMIT), { code: 'component-refused', message });
});

t.test('memory beyond the limit is refused at once, with both numbers', async (t) => {
  const fits = await provision(await taskComponent({ memory: 16 }), { memoryBytes: 17 * 65_536 });
  t.ok(fits.artifact.initialMemoryBytes >= MiB && fits.artifact.initialMemoryBytes < MiB + 1_024);
  await t.rejects(provision(await taskComponent({ memory: 32 }), LIMIT), {
    code: 'component-over-limit',
    message: new RegExp(`begins with ${2 * MiB}\\d* bytes.*limit of ${MiB}$`),
  });
  await t.rejects(provision(await taskComponent({ fields: `(table ${MiB} funcref)` }), LIMIT), {
    code: 'component-over-limit',
  });
});

t.test('what is prepared is valid, the same each time, and as its artifact says', async (t) => {
  const component = await taskComponent({ fields: '(global (mut i32) (i32.const 1))' });
  const [first, second] = [await provision(component, LIMIT), await provision(component, LIMIT)];
  t.strictSame(second.artifact, first.artifact);
  t.strictSame(second.files, first.files);
  t.ok(first.artifact.modules.length > 0);
  for (const { name, bytes } of first.artifact.modules) {
    const module = first.files.get(name) ?? new Uint8Array();
    t.equal(module.length, bytes);
    t.ok(WebAssembly.validate(module));
  }
  const other = await provision(component, { memoryBytes: 2 * MiB });
  t.equal(other.artifact.digest, first.artifact.digest);
  t.not(other.artifact.key, first.artifact.key);
});

t.test('an instance that cannot be put back says why', async (t) => {
  const vector = '(global $v (mut v128) (v128.const i32x4 0 0 0 0))';
  // Neither vectors nor tables are in the way.
  const cases: readonly (readonly [string, string, RegExp | undefined])[] = [
    ['', '', undefined],
    [vector, '(global.set $v (v128.const i32x4 1 1 1 1))', undefined],
    ['(table $t 2 funcref)', '(table.set $t (i32.const 0) (ref.null func))', undefined],
    ['(data $d "secret")', '(data.drop $d)', /segments/],
  ];
  for (const [fields, body, reason] of cases) {
    const { artifact } = await provision(await taskComponent({ fields, body }), LIMIT);
    if (reason === undefined) t.equal(artifact.notResettable, undefined);
    else t.match(artifact.notResettable, reason);
  }
});

t.test('what was prepared once is taken from the cache, and made anew where it is not whole', async (t) => {
  const dir = t.testdir({});
  const component = await taskComponent({ body: '(nop)' });
  /** Plain: what is undefined is not written down. */
  const prepare = async (): Promise<Artifact> =>
    JSON.parse(JSON.stringify(await new Provisioner(dir).prepare(component, LIMIT))) as Artifact;
  const artifact = await prepare();
  const folder = join(dir, artifact.key);
  const written = async (): Promise<number> => (await stat(join(folder, META_FILE))).ino;
  const first = await written();
  t.strictSame(await prepare(), artifact);
  t.equal(await written(), first, 'not prepared again');

  const files = await readdir(folder);
  t.ok(files.length >= 2);
  for (const name of files) {
    const whole = await readFile(join(folder, name));
    const damages: readonly (() => Promise<void>)[] = [
      () => rm(join(folder, name)),
      () => writeFile(join(folder, name), whole.subarray(0, whole.length / 2)),
      () =>
        writeFile(
          join(folder, name),
          whole.map((byte, i) => (i === whole.length - 3 ? byte ^ 1 : byte)),
        ),
    ];
    for (const [i, damage] of damages.entries()) {
      await damage();
      t.strictSame(await prepare(), artifact, `${name}, damage ${i}`);
      t.ok(whole.equals(await readFile(join(folder, name))), 'it is whole again');
    }
  }
  t.strictSame(await readdir(dir), [artifact.key], 'nothing else is left behind');
});

t.test('two who ask at the same time get the same', async (t) => {
  const dir = t.testdir({});
  const component = await taskComponent({ body: '(nop) (nop)' });
  const provisioner = new Provisioner(dir);
  const other = new Provisioner(dir);
  const asked = [provisioner, provisioner, other].map((each) => each.prepare(component, LIMIT));
  const [first, second, elsewhere] = await Promise.all(asked);
  t.equal(second, first, 'prepared once');
  t.match(elsewhere, JSON.parse(JSON.stringify(first)), 'whoever else prepares it puts the same in its place');
  await t.rejects(provisioner.prepare(taskCore(), LIMIT), { code: 'component-invalid' });
});

t.test('a component of more core instances than a slice’s end can look at is refused by their number', async (t) => {
  const text = await print(await taskComponent());
  const withMore = (count: number): Promise<Uint8Array> =>
    parse(text.replace(/\)\s*$/, `(core module $more) ${'(core instance (instantiate $more))'.repeat(count)})`));
  const { coreInstances } = RUNTIME_BOUNDS;
  await t.resolves(provision(await withMore(coreInstances - 1), LIMIT));
  await t.rejects(provision(await withMore(coreInstances), LIMIT), {
    code: 'component-over-limit',
    message: /made of 129 instances/,
  });
});
