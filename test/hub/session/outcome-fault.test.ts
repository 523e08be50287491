import t from 'tap';
import { outcomeFault } from '../../../hub/session/outcome-fault.js';
import type { RemoteOutcome } from '../../../provider/protocol/index.js';
import type { RunRequest } from '../../../runtime/index.js';

const REQUEST: RunRequest = {
  runId: 'e/x',
  task: 'x',
  event: { id: 'e', topic: 't', payload: Buffer.alloc(0), qos: 1, retain: false, arrivedAtMs: 1, captures: {} },
  attempt: 1,
  limits: { fuel: 100, memoryBytes: 65_536, deadlineMs: 100, outputBytes: 50, logBytes: 20 },
  grants: {
    publish: ['out/+'],
    buckets: { own: { id: 'task/x/own', access: 'read-write' }, other: { id: 'shared/y', access: 'read' } },
  },
  config: {},
  clockMs: 1,
  seed: 1,
  subjects: 'verbatim',
};

const USAGE = { fuel: 100, peakMemoryBytes: 1, wallMs: 1, hostMs: 0, outputBytes: 50, logBytes: 20 };
const ANSWER: RemoteOutcome = {
  n: 1,
  epoch: 3,
  outcome: { kind: 'completed' },
  effects: [
    { kind: 'publish', topic: 'out/a', payload: Buffer.alloc(30), qos: 1, retain: false },
    { kind: 'set', bucket: 'task/x/own', key: 'k', value: Buffer.alloc(14) },
  ],
  reads: [{ bucket: 'shared/y', key: 'k', version: 1 }],
  listed: [{ bucket: 'task/x/own', version: 1 }],
  pages: undefined,
  unrecorded: undefined,
  log: [{ level: 'info', context: '12345', message: '123456789012345' }],
  droppedLogLines: 0,
  usage: USAGE,
  queuedMs: 0,
};

const publish = (topic: string) =>
  ({ kind: 'publish', topic, payload: Buffer.alloc(1), qos: 1, retain: false }) as const;

t.test('an answer within limits and grants may be right', (t) => {
  t.equal(outcomeFault(ANSWER, { request: REQUEST, epoch: 3 }), undefined);
  t.end();
});

t.test('an answer that no runtime gives is the provider’s fault, and not the task’s', (t) => {
  const cases: readonly (readonly [RegExp, Partial<RemoteOutcome>])[] = [
    [/epoch 2/, { epoch: 2 }],
    [/ended as failed has effects/, { outcome: { kind: 'failed', message: '' } }],
    [/101 fuel/, { usage: { ...USAGE, fuel: 101 } }],
    [/above its limit/, { usage: { ...USAGE, outputBytes: 51 } }],
    [/may log 20/, { usage: { ...USAGE, logBytes: 2 ** 53 - 1 } }],
    [/more than it says it put out/, { usage: { ...USAGE, outputBytes: 49 } }],
    [/more than it says it logged/, { usage: { ...USAGE, logBytes: 19 } }],
    [/published to "in\/a"/, { effects: [publish('in/a')] }],
    [/published to "out\/#"/, { effects: [publish('out/#')] }],
    [/may only read/, { effects: [{ kind: 'delete', bucket: 'shared/y', key: 'k' }] }],
    [/wrote to the bucket task\/z\/own/, { effects: [{ kind: 'delete', bucket: 'task/z/own', key: 'k' }] }],
    [/read the bucket task\/z\/own/, { reads: [{ bucket: 'task/z/own', key: 'k', version: 1 }] }],
    [/read the bucket shared\/z/, { listed: [{ bucket: 'shared/z', version: 1 }] }],
  ];
  for (const [what, change] of cases) {
    t.match(outcomeFault({ ...ANSWER, ...change }, { request: REQUEST, epoch: 3 }), what, String(what));
  }
  t.end();
});
