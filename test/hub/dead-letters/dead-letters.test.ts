/** What is given up is kept, and can be sent back, in a hub with real parts. */
import t from 'tap';
import { deadLetterRoutes } from '../../../hub/api/dead-letters.js';
import { DeadLetters, letterIdOf, letterName } from '../../../hub/dead-letters/index.js';
import { LETTER_BOUNDS } from '../../../hub/dead-letters/limits.js';
import { failingHub, textOf, type FailingHub } from '../failing-hub.js';
import { turns } from '../hub-under-test.js';
import { until } from '../../runtime/eventually.js';

const TRIGGER = 'name = "task"\n[[trigger]]\ntopic = "x/{n}"\n';
const ONCE = '[retry]\nattempts = 1\n[quarantine]\nfailures = 0\n';

/** Asks as the API would. */
async function ask(
  { hub }: FailingHub,
  method: string,
  path: string,
  asked: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const route = deadLetterRoutes(hub.control).find((one) => one.method === method && one.path === path);
  if (route === undefined) throw new Error(`there is no ${method} ${path}`);
  const request = new Request(`http://hub/?${new URLSearchParams(asked).toString()}`, { method });
  const response = await route.answer(request, asked);
  return { status: response.status, body: await response.json() };
}

const names = ({ hub }: FailingHub): string[] =>
  hub.control.letters.list({ limit: 100 }).map(({ id }) => letterName(id));

t.test('a run that is given up leaves a letter with its event, what became of it, and how often', async (t) => {
  const hub = await failingHub(t, { tasks: { task: `${TRIGGER}[retry]\nattempts = 2\n` } });
  await hub.send('x/a', 'trapped 1');
  t.same(names(hub), [], 'not while it is to go again');
  await hub.pass(1_000);
  t.match(hub.ofKind('run-buried'), [{ runId: 'e0/task', attempts: 2 }]);
  const [summary] = hub.hub.control.letters.list({ limit: 100 });
  t.match(summary, { task: 'task', topic: 'x/a', reason: 'trapped', attempts: 2, payloadBytes: 9, atMs: hub.clock() });
  const { status, body } = await ask(hub, 'GET', '/v1/dead-letters/:id', { id: 'run-1' });
  t.equal(status, 200);
  t.match(body, {
    id: 'run-1',
    event: 'e0',
    qos: 1,
    payload: Buffer.from('trapped 1').toString('base64'),
    evidence: { version: '1.0.0', outcome: { reason: 'unreachable' }, usage: { fuel: 1_000 }, log: [] },
  });
  await hub.hub.close();
  const next = await failingHub(t, { tasks: {}, before: { dir: hub.dir, atMs: hub.clock() } });
  await next.pass(10_000);
  t.same(next.tried(), [], 'it is not begun anew');
  t.same(names(next), ['run-1'], 'and kept over restarts');
});

t.test('what a program does by itself is given up at once, whatever the QoS of its event', async (t) => {
  const hub = await failingHub(t, { tasks: { task: TRIGGER } });
  await hub.send('x/a', 'denied', 1);
  await hub.send('x/a', 'output-limit', 0);
  await hub.send('x/a', 'cancelled');
  t.match(hub.hub.counts, { retried: 0, buried: 2, runs: { denied: 1, 'output-limit': 1, cancelled: 1 } });
  t.equal(names(hub).length, 2);
});

t.test(
  'sent back, an event runs as the one that it was, its attempts begin anew, and the letter is gone',
  async (t) => {
    let heals = false;
    const hub = await failingHub(t, {
      tasks: {
        task: `${TRIGGER}onChange = "/v"\n[grants]\npublish = ["out"]\n[retry]\nattempts = 2\nmaxAge = "10 s"\n`,
      },
      behave: ({ event }) =>
        heals
          ? { effects: [{ kind: 'publish', topic: 'out', payload: event.payload, qos: 1, retain: false }] }
          : { outcome: { kind: 'failed', message: 'no' } },
    });
    await hub.send('x/a', '{"v":1}');
    await hub.pass(60_000);
    await hub.pass(3_600_000);
    t.same(names(hub), ['run-1']);
    const [first, second] = await Promise.all([
      hub.hub.control.letters.redrive({ kind: 'run', number: 1 }),
      hub.hub.control.letters.redrive({ kind: 'run', number: 1 }),
    ]);
    t.same([first, second], [{ redriven: 1, left: 0 }, undefined], 'only one of two gets it');
    t.same(names(hub), []);
    await hub.pass(0);
    t.equal(hub.tried().at(-1), '{"v":1} 1');
    await hub.pass(1_000);
    t.equal(hub.tried().at(-1), '{"v":1} 2', 'it is not too old: its age counts from then');
    t.same(names(hub), ['run-2'], 'given up again, it is another letter');
    heals = true;
    await ask(hub, 'POST', '/v1/dead-letters/:id/redrive', { id: 'run-2' });
    await hub.pass(0);
    await until('it is published', 10_000, () => hub.link.published.length === 1);
    t.equal(hub.link.published[0]?.origin?.id, 'e0/task/0', 'its effect has the id that it always had');
    t.same(names(hub), []);
    t.equal(hub.hub.runs, 0);
  },
);

t.test('an event that was sent back survives the end of the hub', async (t) => {
  const tasks = { task: `${TRIGGER}debounce = { wait = "1 min" }\n${ONCE}` };
  const hub = await failingHub(t, { tasks });
  await hub.send('x/a', 'failed', 0);
  await hub.pass(60_000);
  t.match(await ask(hub, 'POST', '/v1/dead-letters/redrive', { task: 'task' }), { body: { redriven: 1, left: 0 } });
  await hub.hub.close();
  const next = await failingHub(t, { tasks, before: { dir: hub.dir, atMs: hub.clock() } });
  await next.pass(0);
  t.same(next.tried(), ['failed 1'], 'also one of QoS 0; shaping is not asked again');
  t.same(names(next), ['run-2']);
});

t.test('a letter leaves with what brings its event back, and meanwhile it is nobody else’s', async (t) => {
  const event = { id: 'e0', topic: 'x/a', payload: new Uint8Array(1), qos: 1, retain: false, arrivedAtMs: 1 } as const;
  const id = { kind: 'run', number: 1 } as const;
  const summary = { id, atMs: 1, task: 'task', topic: 'x/a', payloadBytes: 1, reason: 'failed', attempts: 3 };
  const calls: string[] = [];
  let durable: () => void = () => undefined;
  const letters = new DeadLetters({
    store: {
      deadLetters: () => [summary],
      deadLetter: () => ({ kind: 'run', summary, event: { ...event, clockMs: 1, runs: [] }, evidence: '{}' }),
    },
    // A store that cannot be written to for a while.
    journal: {
      discard: () => void calls.push('discard'),
      write: () => void calls.push('write'),
      flush: () => void calls.push('flush'),
    },
    intake: {
      redrive: (_task, _event, then) => {
        calls.push('redrive');
        durable = then;
        return undefined;
      },
    },
  });
  const sent = letters.redrive(id);
  t.same(calls, ['redrive', 'discard', 'flush'], 'both are in the next transaction');
  t.same(letters.list({ limit: 10 }), []);
  t.equal(await letters.redrive(id), undefined);
  t.equal(await letters.purge(id), false);
  durable();
  t.same(await sent, { redriven: 1, left: 0 });
});

t.test('a letter that cannot be sent back is kept, and it is said why', async (t) => {
  const hub = await failingHub(t, {
    tasks: {
      task: `${TRIGGER}[limits]\nqueue = 1\n[schedule]\nkey = false\n[quarantine]\nfailures = 3\n[retry]\nattempts = 1\n`,
      gone: `name = "gone"\n[[trigger]]\ntopic = "y"\n${ONCE}`,
    },
  });
  await hub.send('y', 'failed');
  for (const text of ['failed 1', 'failed 2', 'failed 3']) await hub.send('x/a', text);
  await hub.send('x/a', 'fills the queue, which is held');
  const full = await ask(hub, 'POST', '/v1/dead-letters/:id/redrive', { id: 'run-2' });
  t.match(full, { status: 409, body: { error: 'it was kept: as many runs of "task" wait as may' } });
  t.match(await ask(hub, 'POST', '/v1/dead-letters/redrive', { task: 'task' }), {
    body: { redriven: 0, left: 3, reason: 'as many runs of "task" wait as may' },
  });
  t.match(await ask(hub, 'POST', '/v1/dead-letters/:id/redrive', { id: 'run-99' }), { status: 404 });
  t.match(await ask(hub, 'POST', '/v1/dead-letters/redrive'), { status: 400 }, 'nobody said which');
  t.equal(names(hub).length, 4);
  await hub.hub.close();
  const next = await failingHub(t, {
    tasks: { gone: 'name = "gone"\n[[trigger]]\ntopic = "elsewhere"\n' },
    before: { dir: hub.dir, atMs: hub.clock() },
  });
  t.match(await ask(next, 'POST', '/v1/dead-letters/:id/redrive', { id: 'run-1' }), {
    status: 409,
    body: { error: 'it was kept: "gone" does not wake on "y"' },
  });
  t.equal(names(next).length, 4);
});

t.test('one, those of a task, or all can be thrown away', async (t) => {
  const hub = await failingHub(t, {
    tasks: { task: `${TRIGGER}${ONCE}`, other: `name = "other"\n[[trigger]]\ntopic = "y"\n${ONCE}` },
  });
  for (const topic of ['x/a', 'x/b', 'x/c', 'y', 'y']) await hub.send(topic, 'failed');
  t.match(await ask(hub, 'DELETE', '/v1/dead-letters/:id', { id: 'run-1' }), { status: 200, body: { purged: 1 } });
  t.match(await ask(hub, 'DELETE', '/v1/dead-letters/:id', { id: 'run-1' }), { status: 404 });
  t.match(await ask(hub, 'DELETE', '/v1/dead-letters'), { status: 400 }, 'nobody said which');
  t.match(await ask(hub, 'DELETE', '/v1/dead-letters', { task: 'other' }), { body: { purged: 2 } });
  t.same(names(hub), ['run-3', 'run-2']);
  t.match(await ask(hub, 'DELETE', '/v1/dead-letters', { all: 'true' }), { body: { purged: 2 } });
  t.same(names(hub), []);
});

t.test(
  'a message that the broker will not take is listed along, and goes back to the outbox under its id',
  async (t) => {
    let refuses = true;
    const hub = await failingHub(t, {
      tasks: { task: `${TRIGGER}[grants]\npublish = ["out"]\n` },
      behave: (request) => ({
        effects: [{ kind: 'publish', topic: 'out', payload: Buffer.from(textOf(request)), qos: 1, retain: false }],
      }),
    });
    const publish = hub.link.publish.bind(hub.link);
    hub.link.publish = (message) =>
      refuses
        ? Promise.reject(Object.assign(new Error('not authorised'), { code: 'publish-refused' }))
        : publish(message);
    await hub.send('x/a', 'm');
    await until('it is a letter', 10_000, () => names(hub).length === 1);
    t.match(hub.hub.control.letters.list({ task: 'task', limit: 1 }), [
      { id: { kind: 'message' }, task: 'task', topic: 'out', reason: 'not authorised', attempts: 0 },
    ]);
    t.match(await ask(hub, 'GET', '/v1/dead-letters/:id', { id: 'message-1' }), {
      body: { effect: 'e0/task/0', payload: Buffer.from('m').toString('base64') },
    });
    refuses = false;
    t.match(await ask(hub, 'POST', '/v1/dead-letters/:id/redrive', { id: 'message-1' }), { status: 200 });
    await until('it is published', 10_000, () => hub.link.published.length === 1);
    t.equal(hub.link.published[0]?.origin?.id, 'e0/task/0');
    t.same(names(hub), []);
  },
);

t.test('a log is kept in part: its last lines, cut', async (t) => {
  const hub = await failingHub(t, { tasks: { task: `${TRIGGER}${ONCE}` } });
  const lines = LETTER_BOUNDS.letterLogLines + 5;
  const run = hub.runtime.run.bind(hub.runtime);
  hub.runtime.run = async (request, signal) => ({
    ...(await run(request, signal)),
    log: Array.from({ length: lines }, (_, i) => ({
      level: 'info' as const,
      context: '',
      message: `${i} ${'x'.repeat(2 * LETTER_BOUNDS.letterTextLength)}`,
    })),
    droppedLogLines: 1,
  });
  await hub.send('x/a', 'failed');
  await turns();
  const letter = hub.hub.control.letters.get({ kind: 'run', number: 1 });
  if (letter?.kind !== 'run') return t.fail('there is none');
  const { log, droppedLogLines } = JSON.parse(letter.evidence) as {
    log: { message: string }[];
    droppedLogLines: number;
  };
  t.equal(log.length, LETTER_BOUNDS.letterLogLines);
  t.equal(droppedLogLines, 6);
  t.match(log[0]?.message, /^5 x/);
  t.equal(log[0]?.message.length, LETTER_BOUNDS.letterTextLength);
  return t.end();
});

t.test('a letter is called by kind and number, and by nothing else', (t) => {
  t.same(letterIdOf('message-12'), { kind: 'message', number: 12 });
  for (const name of ['', 'run', 'run-', 'run-x', 'Run-1', 'run-1 ', '../run-1', 'run--1']) {
    t.equal(letterIdOf(name), undefined, name);
  }
  t.end();
});
