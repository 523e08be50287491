/** Tasks in JavaScript: built in a process of their own, once for the same sources, and never for ever. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildTask, buildTasks, findTaskDirs, type BuildResult } from '../../../hub/build/index.js';
import { until } from '../../runtime/eventually.js';

t.setTimeout(180_000);

const root = await mkdtemp(join(tmpdir(), 'sterna-javascript-'));
t.teardown(() => rm(root, { recursive: true }));

/** A folder with these files. */
async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir);
  for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text);
  return dir;
}

const ECHO = `import { topicFor } from './topic.js';
import { publish } from 'wasmcloud:messaging/consumer@0.2.0';
export const handler = { handleMessage: ({ subject, body }) => publish({ subject: topicFor(subject), body }) };
`;
const TOPIC = 'export const topicFor = (topic) => `echo/${topic}`;\n';

t.test('a component is made once for the same sources, and again when one of them changes', async (t) => {
  const dir = await folder('echo', { 'index.js': ECHO, 'topic.js': TOPIC });
  const built = await buildTask(dir);
  if (!built.ok) throw new Error(built.message);
  t.equal(built.report.component, 'build/echo.wasm');
  t.strictSame(built.report.exports, ['wasmcloud:messaging/handler@0.2.0']);
  const imports = Object.keys(built.report.imports);
  t.ok(imports.includes('wasmcloud:messaging/consumer@0.2.0'));
  t.notOk(
    imports.some((name) => name.startsWith('wasi:keyvalue') || name.startsWith('wasi:http')),
    'what it does not name, it does not ask for',
  );
  // The engine is started anew for each component, so that no two are the same byte for byte.
  const component = await readFile(join(dir, 'build', 'echo.wasm'));
  const again = await buildTask(dir);
  t.match(again, { ok: true, report: { sha256: built.report.sha256 } });

  await writeFile(join(dir, 'topic.js'), `${TOPIC}export const`);
  t.match(await buildTask(dir), { ok: false }, 'a changed source is compiled, here to no avail');
  await writeFile(join(dir, 'topic.js'), TOPIC);
  t.ok(component.equals(await readFile(join(dir, 'build', 'echo.wasm'))), 'the last good one is left as it was');
});

t.test('a fault is told with the file’s name', async (t) => {
  const handler = 'export const handler = { handleMessage() {} };';
  for (const [name, source, message] of [
    ['syntax', 'export const handler = {', /syntax.index\.js: /],
    ['unknown', `import { x } from 'wasi:sockets/tcp@0.2.0';\n${handler}`, /index\.js: .*wasi:sockets/s],
  ] as const) {
    const result = await buildTask(await folder(name, { 'index.js': source }));
    t.match(result.ok ? '' : result.message, message, name);
    t.notOk(existsSync(join(root, name, 'build', `${name}.wasm`)));
  }
  const both = await folder('both', { 'index.js': handler, 'index.ts': '' });
  t.match(await buildTask(both), { ok: false, message: /has index\.ts and index\.js: a task has one source/ });
});

t.test('a source that never ends is given up in time, and nothing of it goes on', async (t) => {
  const dir = await folder('endless', { 'index.js': 'for (;;);\n' });
  const results: BuildResult[] = [];
  let seen = 0;
  const watch = setInterval(() => (seen = Math.max(seen, processesNaming(dir).length)), 100);
  for await (const result of buildTasks([dir], { threads: 1, timeoutMs: 6_000 })) results.push(result);
  clearInterval(watch);
  t.match(results, [{ ok: false, message: /endless/ }]);
  t.ok(seen > 0, 'a process was at it');
  await until('the end of every process', 10_000, () => processesNaming(dir).length === 0);
});

t.test('a folder with an index.js or an index.wasm is a task to build', async (t) => {
  const tasks = join(root, 'tasks');
  for (const [name, file] of [
    ['a', 'index.js'],
    ['b', 'index.wasm'],
    ['c', 'other.js'],
  ] as const) {
    await mkdir(join(tasks, name), { recursive: true });
    await writeFile(join(tasks, name, 'task.toml'), '');
    await writeFile(join(tasks, name, file), '');
  }
  t.strictSame(await findTaskDirs(tasks), [join(tasks, 'a'), join(tasks, 'b')]);
});

/** Processes with this in their command line. */
function processesNaming(text: string): string[] {
  return readdirSync('/proc').filter(
    (id) => /^\d+$/.test(id) && id !== String(process.pid) && commandOf(id).includes(text),
  );
}

/** Of a process that may have ended. */
function commandOf(id: string): string {
  try {
    return readFileSync(join('/proc', id, 'cmdline'), 'utf8');
  } catch {
    return '';
  }
}
