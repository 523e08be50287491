/** What `npm start` promises to a person who looks on. */
import path from 'node:path';
import t from 'tap';
import { PACKAGE_ROOT } from '../package-root.js';
import { toItsEnd, type Ended } from '../program-to-its-end.js';

const START = path.join(PACKAGE_ROOT, 'hub', 'start.mjs');

/** The first time it may compile, and build tasks. */
const DEADLINE_MS = 150_000;

t.setTimeout(2 * DEADLINE_MS);

/** `interruptAt` is what it must have said for Ctrl-C to be pressed. */
function start(args: readonly string[], interruptAt?: string): Promise<Ended> {
  return toItsEnd(START, { args, interruptAt, deadlineMs: DEADLINE_MS });
}

t.test('with --for it shows events and runs, ends by itself, and sums up', async (t) => {
  const { code, stdout, stderr } = await start(['--for', '5s']);
  t.equal(code, 0);
  t.equal(stderr, '', 'nothing is complained about');
  t.match(stdout, /^ready: 8 tasks/m);
  t.match(stdout, /^motion-light +zigbee2mqtt\/\w+\/motion +completed +fuel .*-> zigbee2mqtt\/\w+\/light\/set/m);
  t.match(stdout, /^task +events +runs +completed +other outcomes +fuel/m);
  t.match(
    stdout,
    /^The rogue task 'spin' was stopped \d+ times \(out-of-fuel\); nothing of those runs took effect\.$/m,
  );
  const [, completed, runs] = /^The others went on: (\d+) of their (\d+) runs completed\.$/m.exec(stdout) ?? [];
  t.ok(Number(runs) > 0, 'other tasks ran');
  t.equal(completed, runs, 'and all of their runs completed');
  t.match(stdout, /^What next: [^]*npm run demo:migrate[^]*README\.md[^]*--broker mqtt:\/\/HOST/m);
  t.match(stdout, /^ {2}obeyed +\d+ \(light /m, 'lights of the simulated home obeyed');
});

t.test('what is up to date is neither installed nor compiled nor built again, and Ctrl-C sums up too', async (t) => {
  const { code, stdout } = await start([], 'completed');
  t.notMatch(stdout, /^(Installing|Compiling|Building)/m);
  t.match(stdout, /^task +events +runs +completed/m);
  t.equal(code, 0);
});

t.test('an option that it does not know is named, with those it does', async (t) => {
  const { code, stderr } = await start(['--fro', '5s']);
  t.equal(code, 1);
  t.match(stderr, /"--fro" is not understood: npm start -- \[--for 20s\]/);
});
