/**
 * Makes a checkout ready to run: packages, system packages, compiled code, guest tasks.
 *
 * Plain JavaScript with nothing but Node's modules, because it runs before there is anything else.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Programs that tests start when they are there. */
const SYSTEM_PACKAGES = [
  { command: 'mosquitto', apt: 'mosquitto', suites: 'those that go through a real Mosquitto broker' },
];

/** A package mirror that does not answer must not hold the tests up for long. */
const APT_TIMEOUT_MS = 180_000;

/** What takes longer is stuck. */
const STEP_TIMEOUT_MS = 600_000;

/** Installs what package-lock.json lists. True if there was something to install. */
export function installPackages() {
  if (packagesAreInstalled()) return false;
  console.log('installing packages');
  // `npm ci` refuses this lockfile: optional platform packages of a dependency are missing from the registry.
  run('npm', ['install', '--no-audit', '--no-fund', '--no-save'], 'npm could not install the packages');
  return true;
}

/** Whether every package that the lockfile requires is there in that version, by npm's own record. */
function packagesAreInstalled() {
  const record = path.join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = Object.entries(JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages);
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return wanted.every(([where, entry]) => where === '' || entry.optional || present[where]?.version === entry.version);
}

/** Installs missing programs if it may. Never fails: it answers with the suites that will be skipped. */
export function installSystemPackages() {
  const missing = SYSTEM_PACKAGES.filter((each) => !isOnPath(each.command));
  if (missing.length === 0) return [];
  const names = missing.map((each) => each.apt);
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log(`installing system packages: ${names.join(' ')}`);
    apt(['update', '-qq']);
    apt(['install', '-y', '-qq', '--no-install-recommends', ...names]);
  }
  return missing.filter((each) => !isOnPath(each.command));
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { env, timeout: APT_TIMEOUT_MS, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Brokers live in sbin, which a user's PATH may lack. */
function isOnPath(command) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Compiles the TypeScript to dist/. */
export function compile() {
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.json'], 'the TypeScript does not compile');
}

/** Builds every guest task to a component. */
export function buildTasks() {
  run(process.execPath, [path.join('dist', 'hub', 'main.js'), 'build'], 'the guest tasks do not build');
}

function run(command, args, failure) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: STEP_TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`${failure} (${error?.message ?? signal ?? `exit code ${status}`})`);
}
