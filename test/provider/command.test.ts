import { execFile } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { deployInto } from '../e2e/task-folders.js';
import { sterna } from './provider-process.js';

t.setTimeout(120_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

/** @returns what it says on stderr when it fails. */
function refusal(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: 30_000 }, (error, _stdout, stderr) => {
      if (error === null) reject(new Error(`sterna ${args.join(' ')} did not fail`));
      else resolve(stderr);
    });
  });
}

t.test('a hub is told of a provider by one line, which it keeps for its owner only', async (t) => {
  const dir = t.testdir({});
  const [data, hub] = [join(dir, 'provider'), join(dir, 'hub')];
  const token = (await sterna('provider', 'init', '--data', data, '--address', 'provider.example:7443')).trim();
  t.match(token, /^sterna1\.[\w.-]+$/);
  t.equal(
    await sterna('provider', 'add', token, '--data', hub, '--name', 'attic'),
    'attic is at wss://provider.example:7443: the hub uses it when it starts next, with --app FILE\n',
  );
  t.equal(statSync(join(hub, 'providers.json')).mode & 0o777, 0o600);
  t.not((await sterna('provider', 'invite', '--data', data)).trim(), token, 'another hub gets another one');
});

t.test('what cannot be is refused, with what would be right', async (t) => {
  const dir = t.testdir({});
  t.match(await refusal('provider', '--data', dir), /there is no provider in .*: begin with "sterna provider init"/);
  t.match(await refusal('provider', 'invite', '--data', dir), /begin with "sterna provider init"/);
  const far = ['--data', dir, '--address', '192.168.1.2:7443'];
  t.match(await refusal('provider', 'init', ...far, '--insecure-loopback'), /--insecure-loopback is for loopback only/);
  t.match(
    await refusal('provider', 'add', 'sterna1.x', '--data', dir),
    /The join token cannot be used: it must be the one line/,
  );
  const token = (await sterna('provider', 'init', '--data', dir)).trim();
  t.match(
    await refusal('provider', 'add', token, '--data', dir, '--name', 'A b'),
    /a provider's name must be of small letters/i,
  );
  const open = ['--listen', '0.0.0.0:0', '--insecure-loopback'];
  t.match(await refusal('provider', '--data', dir, ...open), /--insecure-loopback is for loopback only/);
});

t.test('a plan says for each task where it may execute, and names what is wrong', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['guest-tasks/thermostat', 'test/fixtures/guests/counter']);
  const file = join(dir, 'app.toml');
  writeFileSync(
    file,
    'name = "house"\n[tasks.counter]\nplacement = "prefer-remote"\n[placement]\ndefault = "local-only"\n',
  );
  const plan = await sterna('app', 'plan', file, '--tasks', join(dir, 'tasks'));
  t.strictSame(plan.trim().split('\n'), [
    'counter (prefer-remote): A provider may execute it, as the application house places it prefer-remote.',
    'thermostat (local-only): It stays here, as the application house places all other tasks local-only.',
  ]);
  writeFileSync(file, 'name = "house"\n[tasks.nobody]\nplacement = "far"\n');
  t.match(
    await refusal('app', 'plan', file, '--tasks', join(dir, 'tasks')),
    /tasks\.nobody\.placement: must be one of local-only/,
  );
});
