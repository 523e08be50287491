/** Builds with a rule left out: the suite has to find out each of them, by what it says of the rule. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Flaw } from './hooks.js';

t.setTimeout(170_000);

interface FlawedBuild extends Flaw {
  /** The file of tests that fails. */
  readonly suite: string;
  /** Those of its tests that have to fail, by their titles. */
  readonly fails: readonly RegExp[];
}

const OLDER_EPOCH = { file: 'provider/protocol/responsibility/rules.js', sound: 'epoch >= stub.epoch' } as const;

const FLAWED_BUILDS: Readonly<Record<string, FlawedBuild>> = {
  'takes at the hub what is said in an epoch that is over': {
    ...OLDER_EPOCH,
    flawed: "(stub.side === 'hub' || epoch >= stub.epoch)",
    suite: 'hub/migration/safety-rules',
    fails: [/does not stop the hub/],
  },
  'takes at the provider what is said in an epoch that is over': {
    ...OLDER_EPOCH,
    flawed: "(stub.side === 'provider' || epoch >= stub.epoch)",
    suite: 'hub/migration/safety-rules',
    fails: [/does not stop the provider/],
  },
  'has an effect before its point is held': {
    file: 'provider/protocol/responsibility/rules.js',
    sound: 'return Math.max(stub.base, stub.common);',
    flawed: 'return stub.point;',
    suite: 'hub/migration/safety-rules',
    fails: [/has no effect yet/],
  },
  'goes on with a run at the provider before its state is there': {
    file: 'provider/migrations/awaited-state.js',
    sound: 'isWhole && needed !== undefined && revision >= needed',
    flawed: 'revision > 0',
    suite: 'provider/migrations/state',
    fails: [/reads the copy of its hub’s state/],
  },
  'says at the provider that a stub is kept before the disk has it': {
    file: 'provider/migrations/stub-files.js',
    sound: '...handles.map((handle) => handle.sync()), ',
    flawed: '',
    suite: 'provider/migrations/stub-files',
    fails: [/the stub that was said to be kept is there/],
  },
};

for (const [name, build] of Object.entries(FLAWED_BUILDS)) {
  t.test(`a build that ${name} is found out`, async (t) => {
    const { code, output } = await ran(build);
    t.not(code, 0);
    const failed = output.split('\n').filter((line) => line.startsWith('not ok'));
    const found = build.fails.every((title) => failed.some((line) => title.test(line)));
    if (!t.ok(found, failed.join('; '))) t.comment(output);
  });
}

/** Runs the tests of a suite in a flawed build. */
async function ran({ file, sound, flawed, suite }: FlawedBuild): Promise<{
  readonly code: number | null;
  readonly output: string;
}> {
  const preload = new URL('register.js', import.meta.url).href;
  const flaw = JSON.stringify({ file, sound, flawed } satisfies Flaw);
  const script = fileURLToPath(new URL(`../${suite}.test.js`, import.meta.url));
  const env = { ...process.env, STERNA_TEST_FLAW: flaw, NODE_OPTIONS: `--import=${preload}` };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: Buffer.concat(chunks).toString() };
}
