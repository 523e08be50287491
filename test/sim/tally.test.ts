import t from 'tap';
import { formatReport } from '../../sim/report.js';
import { Counting, quantile } from '../../sim/tally.js';

function answer(room: string, kind: string, state: string) {
  return { topic: `zigbee2mqtt/${room}/${kind}`, payload: `{"state":"${state}"}`, room, kind, atMs: 0 };
}

t.test('a command is timed from the sensor message of its room, once', async (t) => {
  const tally = new Counting();
  tally.noteSent('motion', 'hall', 100);
  tally.noteSent('motion', 'bath', 150);
  tally.noteCommand(answer('hall', 'light', 'ON'), 130);
  tally.noteCommand(answer('hall', 'light', 'OFF'), 900);
  tally.noteSent('climate', 'hall', 1_000);
  tally.noteCommand(answer('hall', 'radiator', 'ON'), 1_005);
  tally.noteCommand(undefined, 1_006);
  t.strictSame(tally.latenciesMs.get('light'), [30]);
  t.strictSame(tally.latenciesMs.get('radiator'), [5]);
  t.equal(tally.obeyed.get('light ON'), 1);
  t.equal(tally.notUnderstood, 1);
});

t.test('quantiles are the nearest rank', async (t) => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  t.equal(quantile(values, 0.5), 50);
  t.equal(quantile(values, 0.99), 99);
  t.equal(quantile([7], 0.99), 7);
  t.equal(quantile([], 0.5), undefined);
});

t.test('the report says what was sent, obeyed and heard, and how fast', async (t) => {
  const tally = new Counting();
  tally.noteSent('motion', 'hall', 0);
  tally.noteCommand(answer('hall', 'light', 'ON'), 2.5);
  tally.noteHeard('alerts/energy');
  const text = formatReport(tally, { rooms: 4, seed: 1, speed: 60, wallMs: 20_000, simulatedMs: 1_200_000 });
  t.match(text, '4 rooms, seed 1; 20.0 min at 60x in 20.0 s');
  t.match(text, /sent +1 \(motion 1\)/);
  t.match(text, /obeyed +1 \(light ON 1\)/);
  t.match(text, /also heard 1 \(alerts\/energy 1\)/);
  t.match(text, 'sensor to light command: p50 2.5 ms, p99 2.5 ms (1 commands)');
});

t.test('the topics told apart are bounded', async (t) => {
  const tally = new Counting();
  for (let i = 0; i < 1_000; i += 1) tally.noteHeard(`topic/${i}`);
  t.ok(tally.heard.size <= 21);
  t.equal(
    [...tally.heard.values()].reduce((a, b) => a + b),
    1_000,
  );
});
