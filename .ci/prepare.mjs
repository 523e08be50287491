/** Makes a checkout ready for its tests: all that `npm start` prepares, every task, and programs of the system. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { buildTasks, compile, installPackages, requireNode } from '../hub/start/prepare.mjs';

/** Programs that tests start when they are there, each with the packages that bring it and what it needs. */
const SYSTEM_PACKAGES = [
  { command: 'mosquitto', apt: ['mosquitto'], suites: 'those that go through a real Mosquitto broker' },
  {
    command: 'wasm-ld',
    apt: ['clang', 'lld', 'wasi-libc', 'libclang-rt-dev-wasm32'],
    suites: 'those that compile tasks in C',
  },
  {
    command: 'qemu-aarch64-static',
    apt: ['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross'],
    suites: 'the one that moves a run to a 64-bit ARM',
  },
  {
    command: 'spin',
    apt: ['spin', 'gcc', 'libc6-dev'],
    suites: 'those that try every state of the responsibility protocol',
  },
];

/** A package mirror that does not answer must not hold the tests up for long. */
const APT_TIMEOUT_MS = 180_000;

/** Answers with the missing programs, each with the `suites` that will be skipped. @throws Error saying what failed. */
export async function prepareForTests() {
  requireNode();
  await installPackages();
  const missing = installSystemPackages();
  await compile();
  await buildTasks();
  return missing;
}

/** Installs missing programs if it may. Never fails. */
function installSystemPackages() {
  const missing = SYSTEM_PACKAGES.filter((each) => !isOnPath(each.command));
  if (missing.length === 0) return [];
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log(`Installing system packages: ${missing.flatMap((each) => each.apt).join(' ')}`);
    apt(['update', '-qq']);
    // One after the other: a package that this system does not have must not keep the others away.
    for (const each of missing) apt(['install', '-y', '-qq', '--no-install-recommends', ...each.apt]);
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
