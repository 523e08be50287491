/** Installs and builds what is missing or out of date. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { GUESTS, MAIN, ROGUE, ROOT } from './places.mjs';
import { Plain, run } from './programs.mjs';

const LOCKFILE = join(ROOT, 'package-lock.json');
/** npm's own record of what it installed. */
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');

/** @throws Plain saying what failed. */
export async function prepare() {
  requireNode();
  await install();
  await compile();
  await buildTasks();
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Plain(`Node ${process.versions.node} is too old: Sterna needs 20.19 or later (https://nodejs.org)`);
}

async function install() {
  if (existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(LOCKFILE).mtimeMs) return;
  say('Installing the packages Sterna needs (once; it takes a minute or two)...');
  const before = readFileSync(LOCKFILE);
  // Not `npm ci`: some optional packages for other systems are not in the registry, and it insists on them.
  const args = ['install', '--no-audit', '--no-fund', '--include=dev', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  await run(
    npm === undefined ? 'npm' : process.execPath,
    npm === undefined ? args : [npm, ...args],
    'the installation',
  );
  if (sha256(readFileSync(LOCKFILE)) !== sha256(before)) writeFileSync(LOCKFILE, before);
  // npm leaves its record alone when nothing was missing.
  if (existsSync(INSTALLED)) utimesSync(INSTALLED, new Date(), new Date());
}

async function compile() {
  say('Compiling...');
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.json')], 'the compilation');
}

async function buildTasks() {
  const stale = taskFolders().filter(isStale);
  if (stale.length === 0) return;
  say(`Building ${stale.length} tasks to WebAssembly components...`);
  await run(process.execPath, [MAIN, 'build', ...stale.map((folder) => relative(ROOT, folder))], 'building the tasks');
}

function taskFolders() {
  const inside = (folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  return [...inside(GUESTS), join(GUESTS, 'rogue', ROGUE)].filter((folder) => existsSync(join(folder, 'task.toml')));
}

/** Whether a task's component is missing, or older than something it is made of. */
function isStale(folder) {
  const built = filesBelow(join(folder, 'build')).filter((file) => file.endsWith('.wasm'));
  if (built.length === 0) return true;
  const sources = [
    ...filesBelow(folder).filter((file) => !file.includes(`${join(folder, 'build')}`)),
    ...filesBelow(join(GUESTS, 'sdk')),
    ...filesBelow(join(ROOT, 'runtime', 'wit')),
    join(ROOT, 'asconfig.json'),
    LOCKFILE,
  ];
  const oldest = Math.min(...built.map(mtime));
  return sources.some((file) => mtime(file) > oldest);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function mtime(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
