/**
 * Makes a checkout ready to run: installs packages, compiles, builds guest
 * tasks. Each step is left out when it would change nothing.
 *
 * `npm start` and `npm test` share it. It has nothing but Node's own modules, because it runs before there is anything else.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { GUESTS, MAIN, PREPARED, ROOT } from './places.mjs';
import { Plain, run } from './programs.mjs';

const LOCKFILE = join(ROOT, 'package-lock.json');
const PACKAGES = join(ROOT, 'node_modules');
/** npm's own record of what it installed. */
const INSTALLED = join(PACKAGES, '.package-lock.json');
/** Is there while an installation runs. */
const INSTALLING = join(PACKAGES, '.sterna-installing');

const TSCONFIG = join(ROOT, 'tsconfig.json');
const ROOMS = ['runtime', 'hub', 'provider', 'sim', 'test'].map((room) => join(ROOT, room));
/** Which sources dist/ was compiled from. */
const COMPILED_FROM = join(ROOT, 'dist', '.compiled-from');

/** What every task's component is made with, besides the sources of its own. */
const TASK_TOOLS = [
  ...['guest-tasks/sdk', 'runtime/wit', 'hub/build'].map((folder) => join(ROOT, ...folder.split('/'))),
  ...['asconfig.json', 'runtime/component.ts', 'package-lock.json'].map((file) => join(ROOT, ...file.split('/'))),
];

/** @throws Plain saying which version would do. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Plain(`Node ${process.versions.node} is too old: Sterna needs 20.19 or later (https://nodejs.org)`);
}

/** Installs what package-lock.json lists. @throws Plain saying what failed. */
export async function installPackages() {
  if (packagesAreInstalled()) return;
  say('Installing the packages Sterna needs (once; it takes a minute or two)...');
  // Not `npm ci`: some optional packages for other systems are not in the registry, and it insists on them.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--include=dev', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  // npm takes a package that was half unpacked for a whole one.
  if (existsSync(INSTALLING)) rmSync(PACKAGES, { recursive: true, force: true });
  mkdirSync(PACKAGES, { recursive: true });
  writeFileSync(INSTALLING, '');
  if (npm === undefined) await run('npm', args, 'the installation');
  else await run(process.execPath, [npm, ...args], 'the installation');
  rmSync(INSTALLING, { force: true });
}

/** Whether every package that the lockfile requires is there in that version. */
function packagesAreInstalled() {
  if (!existsSync(INSTALLED) || existsSync(INSTALLING)) return false;
  const wanted = Object.entries(JSON.parse(readFileSync(LOCKFILE, 'utf8')).packages);
  const present = JSON.parse(readFileSync(INSTALLED, 'utf8')).packages;
  return wanted.every(([where, entry]) => where === '' || entry.optional || present[where]?.version === entry.version);
}

/** Compiles the TypeScript to dist/. @throws Plain when it does not compile. */
export async function compile() {
  const sources = fingerprint([
    ...ROOMS.flatMap(filesBelow).filter((file) => file.endsWith('.ts')),
    TSCONFIG,
    LOCKFILE,
  ]);
  const isCurrent = existsSync(MAIN) && existsSync(COMPILED_FROM) && readFileSync(COMPILED_FROM, 'utf8') === sources;
  if (isCurrent) return;
  say('Compiling...');
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', TSCONFIG], 'the compilation');
  // They may be prepared in another way now; and those that nobody needs any more go.
  rmSync(PREPARED, { recursive: true, force: true });
  writeFileSync(COMPILED_FROM, sources);
}

/** Builds tasks to components. @throws Plain when one cannot be built. */
export async function buildTasks(folders = taskFolders()) {
  const stale = folders.filter(isStale);
  if (stale.length === 0) return;
  say(`Building ${stale.length} ${stale.length === 1 ? 'task' : 'tasks'} to WebAssembly components...`);
  await run(process.execPath, [MAIN, 'build', ...stale.map((folder) => relative(ROOT, folder))], 'building the tasks');
}

/** Every folder below guest-tasks with a task in it. */
export function taskFolders(below = GUESTS) {
  if (existsSync(join(below, 'task.toml'))) return [below];
  return readdirSync(below, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => taskFolders(join(below, entry.name)));
}

/** Whether a task's component is missing, or older than something it is made of. */
function isStale(folder) {
  const build = join(folder, 'build');
  const built = filesBelow(build).filter((file) => file.endsWith('.wasm'));
  if (built.length === 0) return true;
  const own = filesBelow(folder).filter((file) => !file.startsWith(build));
  const oldest = Math.min(...built.map(changedAt));
  return [...own, ...TASK_TOOLS.flatMap(filesBelow)].some((file) => changedAt(file) > oldest);
}

/** The files of a folder and of those in it, or the one file that it is. */
function filesBelow(place) {
  if (!existsSync(place)) return [];
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place).flatMap((name) => filesBelow(join(place, name)));
}

function changedAt(file) {
  return statSync(file).mtimeMs;
}

/** Differs when a file was changed, added or taken away. */
function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files.toSorted())
    hash.update(`${relative(ROOT, file)} ${statSync(file).size} ${changedAt(file)}\n`);
  return hash.digest('hex');
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
