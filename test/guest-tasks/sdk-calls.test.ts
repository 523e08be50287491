import t from 'tap';
import { NOON, openTask, published } from './task-under-test.js';
import type { RunResult } from '../../runtime/index.js';

const task = await openTask('test/fixtures/guests/sdk-calls');
t.teardown(() => task.close());

function run(what: string, payload = ''): Promise<RunResult> {
  return task.send({ topic: 'test/é/😀', payload, captures: { what } });
}

async function lines(what: string, payload = ''): Promise<readonly string[]> {
  const result = await run(what, payload);
  if (result.outcome.kind !== 'completed') throw new Error(JSON.stringify(result));
  return (
    published(result)
      .find(({ topic }) => topic === 'out/lines')
      ?.text.split('\n') ?? []
  );
}

t.test('a bucket keeps text and numbers, adds, lists and deletes', async (t) => {
  t.same(await lines('bucket'), [
    'true',
    'true',
    'é€😀',
    '-5',
    '2',
    '1',
    '0.25',
    '9.0',
    'true',
    'true',
    'false',
    'i,new,text',
    '',
  ]);
  t.equal((await lines('bucket'))[5], '2', 'what was set is there in the next run');
});

t.test('a refused publish is a value that can be read, and the next one clears it', async (t) => {
  const result = await run('refused');
  // Whatever the outcome is: the guest went on and did not trap.
  t.not(result.outcome.kind, 'trapped');
});

t.test('config is read as text, number and flag, with defaults', async (t) => {
  t.same(await lines('config'), ['a b', '2.5', 'true', '7.0', 'other']);
});

t.test('the context tells what the event does not', async (t) => {
  const [id, runId, ...rest] = await lines('context');
  t.match([id, runId], [/^event-\d+$/, /^run-\d+$/]);
  t.same(rest, ['1', String(NOON), String(NOON), 'true', 'true', 'true', '[]', 'true', 'true']);
});

t.test('lines reach the log with their level', async (t) => {
  const { log } = await run('log');
  t.same(
    log.map(({ level, context, message }) => `${level} ${context} ${message}`),
    ['trace  t', 'debug  d', 'info part i', 'warn  w', 'error  e', 'critical  c'],
  );
});

t.test('fail makes the run failed, with its message and no effect', async (t) => {
  const { outcome, effects } = await run('fail', 'müsli');
  t.same(outcome, { kind: 'failed', message: 'no müsli' });
  t.same(effects, []);
});

t.test('publishWith carries QoS and retain', async (t) => {
  const { effects } = await run('publish');
  t.match(effects[0], { kind: 'publish', topic: 'out/with', qos: 2, retain: true });
});

t.test('text beyond ASCII survives both ways', async (t) => {
  t.same(await lines('unicode', 'Grüße 😀'), ['test/é/😀 Grüße 😀']);
});

t.test('ISO 8601 times are read as Date reads them, and anything else is none', async (t) => {
  const times = [
    '2026-11-21T20:03:00Z',
    '2026-11-21T20:03:00.123Z',
    '1969-12-31T23:59:59.9Z',
    '2024-02-29T00:00:00+05:30',
    '2000-03-01T12:00:00-08:00',
  ];
  for (const time of times) t.same(await lines('time', time), [String(Date.parse(time))], time);
  for (const text of [
    '',
    'yesterday',
    '2026-11-21',
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T20:03:00',
    '2026-11-21T20:03:00.Z',
    '2026-11-21T20:03:00+5',
    '2026-11-21T20:03:00ZZ',
  ]) {
    t.same(await lines('time', text), ['none'], text);
  }
});

t.test('JSON values are reached by path, and defaults stand for what is not there', async (t) => {
  const payload = '{"a":{"b":[1,2.5]},"n":42,"half":0.5,"huge":1e400,"a\\u00e9\\"":true,"twice":1,"twice":2}';
  t.same(await lines('json', payload), ['2.5', 'none', '42', 'not text', '-1', '-1.0', 'true', '1.0']);
  t.same(await lines('json', '{"a":'), ['-1.0', 'none', '-1', 'not text', '-1', '-1.0', 'false', 'NaN']);
});
