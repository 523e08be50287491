import t from 'tap';
import type { Observation } from '../../../hub/observations.js';
import { linesReport } from '../../../hub/report/index.js';
import type { Effect, Outcome } from '../../../runtime/index.js';

interface Told {
  readonly lines: string[];
  readonly at: (nowMs: number) => void;
  readonly observe: (observation: Observation) => void;
  readonly finish: () => void;
}

function told(): Told {
  let nowMs = 0;
  const lines: string[] = [];
  const report = linesReport(
    { write: (text: string) => lines.push(...text.replace(/\n$/, '').split('\n')) },
    { nowMs: () => nowMs, environment: {} },
  );
  return { lines, at: (ms) => void (nowMs = ms), observe: report.observe, finish: () => report.finish() };
}

function finished(
  task: string,
  outcome: Outcome,
  effects: readonly Effect[] = [],
  topic = `home/${task}`,
): Observation {
  return {
    kind: 'run-finished',
    runId: 'r',
    task,
    event: { id: 'e', topic, payload: new Uint8Array(), qos: 1, retain: false, arrivedAtMs: 0, captures: {} },
    attempt: 1,
    outcome,
    usage: { fuel: 12_300, peakMemoryBytes: 65_536, wallMs: 0.4, hostMs: 0, outputBytes: 0, logBytes: 0 },
    effects,
    log: [],
    droppedLogLines: 0,
    totalMs: 1,
  };
}

function loaded(task: string, filter: string): Observation {
  return {
    kind: 'task-loaded',
    task,
    version: '1.0.0',
    digest: 'd',
    componentBytes: 5_000,
    imports: [],
    filters: [filter],
  };
}

const publish: Effect = {
  kind: 'publish',
  topic: 'home/light/set',
  payload: Buffer.from('{"state":"ON"}'),
  qos: 0,
  retain: false,
};

t.test('a run is a line: who, what woke it, how it ended, what it used, what it published', async (t) => {
  const { lines, observe } = told();
  observe(finished('motion-light', { kind: 'completed' }, [publish]));
  t.match(
    lines[0],
    /^motion-light +home\/motion-light +completed +fuel 12\.3 k +64\.0 KiB +0\.40 ms +-> home\/light\/set \{"state":"ON"\}$/,
  );
});

t.test('a stopped run says why', async (t) => {
  const { lines, observe } = told();
  observe(finished('spin', { kind: 'out-of-fuel' }));
  observe(finished('peek', { kind: 'denied', message: 'publish to "secret": not granted' }));
  t.match(lines[0], /^spin .*out-of-fuel .*nothing of it takes effect/);
  t.match(lines[1], /^peek .*denied .*publish to "secret": not granted/);
});

t.test('a flood is cut to a dozen lines a second, what matters is kept, and the rest is counted', async (t) => {
  const { lines, at, observe, finish } = told();
  for (let i = 0; i < 1_000; i += 1) observe(finished('busy', { kind: 'completed' }));
  observe(finished('spin', { kind: 'out-of-fuel' }));
  t.equal(lines.length, 5);
  t.match(lines[4], /^spin /);
  at(1_000);
  observe(finished('busy', { kind: 'completed' }));
  t.match(lines[5], '996 more lines left out, all completed without publishing');
  t.equal(lines.length, 7);
  for (let i = 0; i < 10; i += 1) observe(finished('spin', { kind: 'out-of-fuel' }));
  finish();
  t.match(lines[15], '2 more lines left out');
});

t.test('control characters of devices and guests do not reach the terminal', async (t) => {
  const { lines, observe } = told();
  const evil: Effect = { ...publish, topic: 'a\u001b[2J', payload: Buffer.from('\u0007\u001b]0;x\u0007\n{') };
  observe(finished('evil', { kind: 'completed' }, [evil], 'b\u001b[31m\u202e\n'));
  observe(finished('evil', { kind: 'failed', message: '\u009b31m\u001b[0m' }));
  t.equal(lines.length, 2);
  for (const control of ['\u0007', '\n', '\u001b', '\u009b', '\u202e']) {
    t.notOk(lines.join('').includes(control), `U+${control.charCodeAt(0).toString(16)}`);
  }
});

t.test('a long payload is cut', async (t) => {
  const { lines, observe } = told();
  observe(finished('big', { kind: 'completed' }, [{ ...publish, payload: Buffer.alloc(1_000_000, 'x') }]));
  t.ok((lines[0] ?? '').length < 300);
  t.match(lines[0], /xxx\.\.\.$/);
});

t.test('the summary counts each task and says that the rogue one was stopped while the others went on', async (t) => {
  const { lines, observe, finish } = told();
  observe(loaded('motion-light', 'zigbee2mqtt/+/motion'));
  observe(loaded('spin', 'rogue/spin/poke'));
  for (let i = 0; i < 3; i += 1) {
    observe({
      kind: 'event-received',
      eventId: String(i),
      topic: 't',
      payloadBytes: 1,
      qos: 1,
      atMs: 0,
      tasks: ['motion-light'],
    });
    observe(finished('motion-light', { kind: 'completed' }, [publish]));
    observe({ kind: 'published', runId: 'r', task: 'motion-light', message: publish });
    observe(finished('spin', { kind: 'out-of-fuel' }));
  }
  finish();
  const text = lines.join('\n');
  t.match(text, /^task +events +runs +completed +other outcomes +fuel +per run +memory +p50 +p99 +published$/m);
  t.match(text, /^motion-light +3 +3 +3 +- +36\.9 k +12\.3 k +64\.0 KiB .* 3$/m);
  t.match(text, /^spin +0 +3 +0 +3 out-of-fuel /m);
  t.match(text, /^all +3 +6 +3 +3 out-of-fuel +73\.8 k /m);
  t.match(text, "The rogue task 'spin' was stopped 3 times (out-of-fuel); nothing of those runs took effect.");
  t.match(text, 'The others went on: 3 of their 3 runs completed.');
});

t.test('colours appear on a terminal, and not where NO_COLOR is set', async (t) => {
  for (const [isTTY, environment, coloured] of [
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [false, {}, false],
    [false, { FORCE_COLOR: '1' }, true],
  ] as const) {
    let text = '';
    const report = linesReport(
      { isTTY, write: (more: string) => void (text += more) },
      { nowMs: () => 0, environment },
    );
    report.observe(finished('spin', { kind: 'out-of-fuel' }));
    t.equal(text.includes('\u001b['), coloured, JSON.stringify({ isTTY, environment }));
  }
});

t.test('what a task was not run for is summed up with its reasons, and a loop is a line of its own', async (t) => {
  const { lines, observe, finish } = told();
  observe(loaded('light', 'home/+'));
  const dropped = { kind: 'event-dropped', eventId: 'e', topic: 'home/hall', task: 'light' } as const;
  for (let i = 0; i < 3; i++) observe({ ...dropped, reason: 'debounced', by: 'f' });
  observe({ ...dropped, reason: 'loop', chain: ['light', 'lamp', 'light'] });
  t.match(lines[1], /^light +home\/hall +dropped +it wakes itself: light > lamp > light \(3 publishes in a row\)$/);
  t.equal(lines.length, 2, 'what was folded away as the trigger asked is only counted');
  finish();
  t.ok(lines.includes("Events that 'light' was not run for: 3 debounced, 1 loop."), lines.join('\n'));
});

t.test('a hub that does not read says so, when it goes on, and how often in the end', (t) => {
  const { lines, observe, finish } = told();
  observe({ kind: 'intake-paused', events: 5_000, bytes: 80_000 });
  observe({ kind: 'intake-resumed', events: 2_500, bytes: 40_000 });
  t.match(lines, [
    /^not reading: 5000 events of .* are unacknowledged; the broker keeps the rest$/,
    /^reading again: 2500/,
  ]);
  observe({ kind: 'intake-paused', events: 5_000, bytes: 80_000 });
  finish();
  t.match(lines.join('\n'), /Reading from the broker was paused 2 times, for want of room\./);
  t.end();
});

t.test('a run that moves says where to, and what became of its link', (t) => {
  const { lines, observe } = told();
  const moved = { kind: 'run-moved', runId: 'r', task: 'forecast', provider: 'shed', epoch: 1, point: 4 } as const;
  observe({ ...moved, what: 'there', why: 'by hand' });
  observe({ ...moved, what: 'link-lost', why: 'the provider is not heard' });
  observe({ ...moved, what: 'here', epoch: 2, why: 'the hub has taken it back' });
  t.match(lines, [
    /^forecast +moved +to shed, epoch 1, point 4: by hand$/,
    /^forecast +link lost +with shed, epoch 1, point 4: the provider is not heard$/,
    /^forecast +moved +here, from shed, epoch 2, point 4: the hub has taken it back$/,
  ]);
  t.end();
});

t.test('firings that were missed are a line of their own', (t) => {
  const { lines, observe } = told();
  observe(loaded('digest', '$timer/digest/morning'));
  const missed = { kind: 'firings-missed', task: 'digest', timer: 'morning', lastMs: 0 } as const;
  observe({ ...missed, count: 2, orMore: false, caughtUp: 0 });
  observe({ ...missed, count: 0, orMore: true, caughtUp: 500 });
  t.match(lines[1], /^digest +timer morning +missed +2 firings$/);
  t.match(lines[2], /^digest +timer morning +missed +earlier firings; 500 after them are caught up on$/);
  t.end();
});
