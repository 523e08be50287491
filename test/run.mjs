/**
 * Runs the tests: `npm test`, or `npm test -- test/hub test/runtime/topic` for the files whose paths match.
 *
 * From a fresh clone it installs, compiles and builds first. Each test file is
 * a tap program of its own. The last line counts what the files state at their
 * top level, each `t.test(...)` as one; a file that ends badly, or late, or
 * without having stated anything, counts as one failed.
 *
 * Tests wait for real processes, and a machine that does much else may keep
 * one from its deadline. So a file that fails is run once more, alone: it
 * counts as it ends then. Both times are printed, and the last lines name
 * those that passed only then.
 *
 * tap's own runner is not used: when a file times out, it leaves another file out.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { prepareForTests } from '../.ci/prepare.mjs';
import { ROOT } from '../hub/start/places.mjs';
import { endAll } from '../hub/start/programs.mjs';

/** Two files at a time: tests start brokers, hubs and threads of their own. */
const JOBS = 2;

/** For one file, on a slow machine that has other work. */
const FILE_TIMEOUT_MS = 180_000;

/** Files that are run once more: where more fail, it is not the machine. */
const RUN_AGAIN = 6;

/** Between asking a late file to end and ending it. */
const GRACE_MS = 3_000;

const total = { passed: 0, failed: 0, skipped: 0 };
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => abandon(signal));

try {
  await main(process.argv.slice(2));
} catch (error) {
  total.failed += 1;
  console.log(error instanceof Error ? error.message : error);
}
console.log(inWords(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

async function main(filters) {
  for (const { command, suites } of await prepareForTests()) {
    console.log(`${command} is not installed, so these tests are skipped: ${suites}`);
  }
  const files = testFiles(filters);
  if (files.length === 0) throw new Error(`no test file matches ${filters.join(' ')}`);
  const failed = [];
  await Promise.all(Array.from({ length: JOBS }, () => drain(files, failed)));
  const again = failed.length > RUN_AGAIN ? [] : failed;
  const passed = [];
  for (const { file, count } of again) {
    console.log(`once more, alone: ${file}`);
    for (const key of Object.keys(total)) total[key] -= count[key];
    if ((await runAndReport(file)).failed === 0) passed.push(file);
  }
  for (const file of passed) console.log(`${file} failed beside others, and passed alone`);
}

/** Test files by the paths of their sources: dist/ may still hold others. */
function testFiles(filters) {
  const wanted = filters.map((each) => each.replace(/^(\.\/)?(dist\/)?/, '').replace(/\.(ts|js)$/, ''));
  return readdirSync(path.join(ROOT, 'test'), { recursive: true })
    .map((file) => path.posix.join('test', file.split(path.sep).join('/')))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .filter((file) => wanted.length === 0 || wanted.some((each) => file.includes(each)))
    .toSorted();
}

async function drain(files, failed) {
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    const count = await runAndReport(file);
    if (count.failed > 0) failed.push({ file, count });
  }
}

async function runAndReport(file) {
  const startedAt = performance.now();
  const { output, fault } = await runFile(`dist/${file}.js`);
  return report(file, { output, fault, seconds: (performance.now() - startedAt) / 1000 });
}

/** Resolves with what the file printed, and with why it did not end well if so. */
function runFile(script) {
  return new Promise((resolve) => {
    // A group of its own, so that what it started ends with it.
    // tap gives each test 30 s, which a busy machine does not: a file's own bound is enough.
    const env = { ...process.env, TAP_TIMEOUT: String(FILE_TIMEOUT_MS / 1_000) };
    const options = { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true };
    const child = spawn(process.execPath, ['--enable-source-maps', script], options);
    running.add(child);
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    const finish = (fault) => {
      clearTimeout(timer);
      endGroup(child, 'SIGKILL');
      running.delete(child);
      resolve({ output: Buffer.concat(chunks).toString(), fault });
    };
    const timer = setTimeout(() => {
      endGroup(child, 'SIGTERM');
      setTimeout(finish, GRACE_MS, `it did not end within ${FILE_TIMEOUT_MS / 1000} s`);
    }, FILE_TIMEOUT_MS);
    child.once('error', (error) => finish(error.message));
    // Not 'close': a process that it left behind may hold its output open.
    child.once('exit', (code, signal) =>
      setImmediate(finish, code === 0 ? undefined : `it ended with ${signal ?? code}`),
    );
  });
}

function endGroup(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

function abandon(signal) {
  endAll();
  for (const child of running) endGroup(child, 'SIGKILL');
  process.kill(process.pid, signal);
}

/** Adds a file's points to `total`, and prints a line for it, or all it said if it failed. Answers with its points. */
function report(file, { output, fault, seconds }) {
  const lines = output.split('\n');
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const line of lines) {
    const point = /^(not )?ok \d+/.exec(line);
    if (isSkipped(line) && (point !== null || line.startsWith('1..0'))) count.skipped += 1;
    else if (point !== null) count[point[1] === undefined ? 'passed' : 'failed'] += 1;
  }
  const stated = count.passed + count.failed + count.skipped;
  const why = stated === 0 ? 'it stated nothing' : fault;
  if (why !== undefined && count.failed === 0) count.failed += 1;

  console.log(`${count.failed > 0 ? 'FAIL' : 'ok  '} ${file}: ${inWords(count)} (${seconds.toFixed(1)} s)`);
  for (const line of lines) if (count.failed > 0 || isSkipped(line)) console.log(`     ${line}`);
  if (count.failed > 0 && why !== undefined) console.log(`     ${file}: ${why}`);
  for (const key of Object.keys(total)) total[key] += count[key];
  return count;
}

function isSkipped(line) {
  return /# (SKIP|TODO)/i.test(line);
}

function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
