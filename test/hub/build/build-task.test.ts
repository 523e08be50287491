import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildTask, findTaskDirs } from '../../../hub/build/index.js';
import { buildCommand } from '../../../hub/commands/build.js';

const root = await mkdtemp(join(tmpdir(), 'sterna-build-'));
t.teardown(() => rm(root, { recursive: true }));

const ECHO = `import { Event, publish } from "sterna";
import { topicFor } from "./topic";
export function onEvent(event: Event): void {
  publish(topicFor(event.topic), event.payload);
}
`;
const TOPIC = 'export function topicFor(topic: string): string { return "echo/" + topic; }\n';

/** A folder with these files, in a folder of its own. */
async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(await mkdtemp(join(root, 'at-')), name);
  await mkdir(dir);
  for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text);
  return dir;
}

async function failureOf(source: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const result = await buildTask(await folder('faulty', { 'index.ts': source, ...more }));
  if (result.ok) throw new Error('it was built');
  return result.message;
}

t.test('the same sources give the same bytes, wherever they lie', async (t) => {
  const first = await folder('echo', { 'index.ts': ECHO, 'topic.ts': TOPIC });
  const second = await folder('echo', {});
  await cp(first, second, { recursive: true });
  for (const dir of [first, second, first]) {
    const result = await buildTask(dir);
    if (!result.ok) throw new Error(result.message);
  }
  const bytes = await readFile(join(first, 'build', 'echo.wasm'));
  t.ok(bytes.equals(await readFile(join(second, 'build', 'echo.wasm'))));
  t.notOk(bytes.includes(root), 'no path of this machine is in it');
  t.ok(bytes.includes('~lib/sterna/entry/cabi_realloc'), 'names for debugging are');
});

t.test('the report says what the component asks for, and no more', async (t) => {
  const dir = await folder('echo', { 'index.ts': ECHO, 'topic.ts': TOPIC });
  const result = await buildTask(dir);
  if (!result.ok) throw new Error(result.message);
  t.match(result.report, {
    task: 'echo',
    component: 'build/echo.wasm',
    bytes: (await readFile(join(dir, 'build', 'echo.wasm'))).length,
    sha256: /^[0-9a-f]{64}$/,
    exports: ['wasmcloud:messaging/handler@0.2.0'],
  });
  t.same(result.report.imports, {
    'wasi:logging/logging@0.1.0-draft': ['log'],
    'wasmcloud:messaging/consumer@0.2.0': ['publish'],
  });
  t.same(JSON.parse(await readFile(join(dir, 'build', 'report.json'), 'utf8')), result.report);
});

t.test('a task without an event handler of the right shape is told what it lacks', async (t) => {
  const none = await failureOf('export function onevent(): void {}\n');
  t.match(none, /index\.ts must have `export function onEvent\(event: Event\): void`: .*onEvent/);
  t.notMatch(none, /sterna-task/, 'the file that the build writes is not spoken of');
  t.match(await failureOf('export function onEvent(event: string): void {}\n'), /must have `export function onEvent/);
  t.match(await failureOf('export function onEvent(a: i32, b: i32): void {}\n'), /Expected 2 arguments, but got 1/);
});

t.test('a compile error is shown with file, line and column', async (t) => {
  const text = await failureOf(
    'import { Event } from "sterna";\nexport function onEvent(event: Event): void {\n  foo();\n}\n',
  );
  t.match(text, /Cannot find name 'foo'/);
  t.match(text, /faulty\/index\.ts:3:3/);
  t.match(await failureOf('export function onEvent('), /index\.ts:1:\d+/);
});

t.test('a global that only browsers have is refused with what to use instead', async (t) => {
  const source = 'import { Event } from "sterna";\nexport function onEvent(event: Event): void { console.log("x"); }\n';
  t.match(
    await failureOf(source),
    /imports "console\.log" from "env", which tasks are not offered: use log of the SDK/,
  );
});

t.test('an interface that no task is offered is refused by name', async (t) => {
  const source = `import { Event } from "sterna";
@external("foo:bar/baz@1.0.0", "qux") declare function qux(): void;
export function onEvent(event: Event): void { qux(); }
`;
  t.match(await failureOf(source), /foo:bar\/baz/);
});

t.test('a faulty manifest is shown as the deployer would show it', async (t) => {
  const manifest = 'name = "echo"\nversion = "1.0.0"\nspeed = 3\n[[trigger]]\ntopic = "a"\n';
  t.match(await failureOf(ECHO, { 'topic.ts': TOPIC, 'task.toml': manifest }), /task\.toml:3: speed: /);
});

t.test('a folder without a source says so', async (t) => {
  const result = await buildTask(await folder('empty', {}));
  t.match(result, { ok: false, message: /empty\/index\.ts is not there/ });
});

t.test('a task chooses its own runtime by an asconfig.json', async (t) => {
  const options = { options: { runtime: 'incremental' } };
  const plain = await buildTask(await folder('echo', { 'index.ts': ECHO, 'topic.ts': TOPIC }));
  const dir = await folder('echo', { 'index.ts': ECHO, 'topic.ts': TOPIC, 'asconfig.json': JSON.stringify(options) });
  const collected = await buildTask(dir);
  if (!plain.ok || !collected.ok) throw new Error('not built');
  t.ok(collected.report.bytes > plain.report.bytes, 'a collector takes room');
});

t.test('tasks are found in folders and in groups of folders', async (t) => {
  const dir = await mkdtemp(join(root, 'find-'));
  for (const path of ['b', 'a', 'group/c', 'group/no-source', 'node_modules/d']) {
    await mkdir(join(dir, path), { recursive: true });
    await writeFile(join(dir, path, 'task.toml'), '');
    if (!path.includes('no-source')) await writeFile(join(dir, path, 'index.ts'), '');
  }
  t.same(await findTaskDirs(dir), [join(dir, 'a'), join(dir, 'b'), join(dir, 'group', 'c')]);
});

t.test('the command builds what it can and exits with 1 when anything failed', async (t) => {
  const good = await folder('echo', { 'index.ts': ECHO, 'topic.ts': TOPIC });
  const bad = await folder('bad', { 'index.ts': 'export function onEvent(): i32 { foo() }\n' });
  let text = '';
  const out = { write: (more: string) => void (text += more) };
  t.equal(await buildCommand([bad, good], out), 1);
  t.match(text, /bad\/index\.ts[^]*build\/echo\.wasm: \d+ bytes, asks for /);
  t.equal(await buildCommand([good], out), 0);
});
