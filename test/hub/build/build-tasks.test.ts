import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { buildTasks, type BuildResult } from '../../../hub/build/index.js';

/** An optimizer that is stuck has many times what a build takes to show it. */
const PATIENCE_MS = 60_000;

const root = await mkdtemp(join(tmpdir(), 'sterna-build-'));
t.teardown(() => rm(root, { recursive: true }));

const IDLE = 'export function onEvent(event: Event): void {}\n';

async function folder(name: string, source: string): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir);
  await writeFile(join(dir, 'index.ts'), `import { Event, publishText } from "sterna";\n${source}`);
  return dir;
}

async function all(results: AsyncIterable<BuildResult>): Promise<readonly BuildResult[]> {
  const collected: BuildResult[] = [];
  for await (const result of results) collected.push(result);
  return collected;
}

t.test('functions that call themselves twice do not keep the optimizer busy for ever', async (t) => {
  const dirs = [
    await folder(
      'direct',
      `export function onEvent(event: Event): void { publishText("o", deep(<i32>event.payload.length).toString()); }
       function deep(n: i32): i32 { return deep(n - 1) + deep(n - 2); }\n`,
    ),
    await folder(
      'mutual',
      `export function onEvent(event: Event): void { publishText("o", even(<i32>event.payload.length).toString()); }
       function even(n: i32): i32 { return odd(n - 1) + odd(n - 2); }
       function odd(n: i32): i32 { return even(n - 1) + even(n - 2); }\n`,
    ),
    await folder(
      'named',
      `export function onEvent(event: Event): void { publishText("o", dé<Map<i32, i32>, i32>(3).toString()); }
       function dé<A, B>(n: i32): i32 { return dé<A, B>(n - 1) + dé<A, B>(n - 2); }\n`,
    ),
  ];
  const results = await all(buildTasks(dirs, { timeoutMs: PATIENCE_MS }));
  t.same(
    results.map((result) => (result.ok ? 'built' : result.message)),
    ['built', 'built', 'built'],
  );
});

t.test('a compiler past its bound is stopped, and each of its tasks is named', async (t) => {
  const dirs = [await folder('first', IDLE), await folder('second', IDLE)];
  // Nobody loads a compiler in a millisecond.
  const results = await all(buildTasks(dirs, { threads: 1, timeoutMs: 1 }));
  t.equal(results.length, 2);
  for (const [at, name] of ['first', 'second'].entries()) {
    t.match(results[at], {
      ok: false,
      dir: dirs[at],
      message: new RegExp(`${name}: compiling took more than 0.001 s`),
    });
  }
});

t.test('results come in the order asked for, and what cannot be written is a result too', async (t) => {
  const unwritable = await folder('unwritable', IDLE);
  await writeFile(join(unwritable, 'build'), 'a file where a folder should be');
  const dirs = [await folder('faulty', 'foo();\n'), unwritable, await folder('good', IDLE)];
  const results = await all(buildTasks(dirs, { threads: 2 }));
  t.same(
    results.map(({ dir, ok }) => ({ dir, ok })),
    dirs.map((dir, at) => ({ dir, ok: at === 2 })),
  );
  t.match(results[1], { message: /unwritable: E(EXIST|NOTDIR)/ });
});

t.test('who stops listening stops the compilers, which would keep the program up', async (t) => {
  const dirs = [await folder('one', IDLE), await folder('two', IDLE), await folder('three', IDLE)];
  const program = `
    import { buildTasks } from ${JSON.stringify(import.meta.resolve('../../../hub/build/index.js'))};
    for await (const { ok } of buildTasks(${JSON.stringify(dirs)}, { threads: 1 })) {
      process.stdout.write(String(ok));
      break;
    }`;
  const file = join(root, 'impatient.mjs');
  await writeFile(file, program);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: PATIENCE_MS });
  t.equal(stdout, 'true', 'it ended by itself after the first');
});
