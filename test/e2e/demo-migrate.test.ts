/** What `npm run demo:migrate` promises to a person who looks on. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { PACKAGE_ROOT } from '../package-root.js';
import { toItsEnd, type Ended } from '../program-to-its-end.js';
import { until } from '../runtime/eventually.js';

const DEMO = path.join(PACKAGE_ROOT, 'hub', 'demo-migrate.mjs');

/** The first time it may compile, and build the task. */
const DEADLINE_MS = 240_000;

t.setTimeout(2 * DEADLINE_MS);

/** Plays it to its end. `interruptAt` is what it must have said for Ctrl-C to be pressed. */
async function play(t: Test, interruptAt?: string): Promise<Ended> {
  // All that it leaves behind is in there.
  const env = { ...process.env, TMPDIR: t.testdir({}) };
  const ended = await toItsEnd(DEMO, { env, interruptAt, deadlineMs: DEADLINE_MS });
  t.strictSame(readdirSync(env.TMPDIR), [], 'no folder is left');
  if (existsSync('/proc/self/environ')) {
    await until('no process is left', 10_000, () => !commands().some((command) => command.includes(env.TMPDIR)));
  }
  return ended;
}

/** The command lines of all processes. */
function commands(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandOf(pid));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

t.test('runs move, lose their link, go on at either side, and have their one result', async (t) => {
  const { code, stdout, stderr } = await play(t);
  t.equal(stderr, '', 'nothing is complained about');
  t.equal(code, 0, stdout);
  const [, one = '', cut = '', back = '', result = '', other = '', end = ''] = stdout.split(/^\d\. /m);
  t.match(one, /^ *[\d.]+ s {2}it executes at shed, as epoch 1: /m);

  t.match(cut, /agreed: the hub .*\n *[\d.]+ s {2}the cable is pulled\n/);
  t.match(cut, /^ *[\d.]+ s {2}the hub takes the link for dead after [\d.]+ s/m);
  const [, at, epoch] = /the hub goes on from point (\d+) .*: this is epoch (\d+)$/m.exec(cut) ?? [];
  t.equal(Number(epoch), 2);
  t.ok(Number(at) >= 2, 'not from its beginning');
  const points = Array.from(cut.matchAll(/at the hub: point (\d+), .*; no link$/gm), ([, point]) => Number(point));
  t.ok(points.length > 0 && (points.at(-1) ?? 0) > Number(at), 'points go on without a link');
  t.match(back, /the cable is back[^]*it executes at shed, as epoch 3: [^]*it executes at the hub, as epoch 4: /);
  t.match(
    result,
    /the run is over: completed[^]*\n +moved +to [^]* shed [^]* here [^]* shed [^]* here /,
    'the history',
  );

  t.match(other, /agreed: shed .*\n *[\d.]+ s {2}the cable is pulled\n/);
  t.match(other, /the hub waits: shed goes on[^]*the cable is back\n[^]*the run is over: completed/);
  const [, unheard] = /; ([\d.]+)G of work was done unheard$/m.exec(other) ?? [];
  t.ok(Number(unheard) > 0, 'shed has worked on');
  t.equal(other.match(/ here /g), null, 'the hub did not take it back');

  t.match(end, /^Runs moved 4 times by hand\. .* s; over the link went [\d.]+ [kM]B, /m);
  t.equal(stdout.match(/^ {2}yes {2}/gm)?.length, 4, 'all four promises were kept');
  t.notMatch(stdout, /^ {2}NO {3}/m);
});

t.test('Ctrl-C ends it in the middle, and leaves nothing behind', async (t) => {
  const { code, stdout } = await play(t, 'the cable is pulled\n');
  t.equal(code, 130);
  t.notMatch(stdout, /the hub goes on from/);
});
