/** The process that `start-up.ts` measures: a hub with threads and a disk, and a broker that takes everything at once. */
import { createHub } from '../../hub/hub.js';
import { eventIds, runSeeds } from '../../hub/ids.js';
import { createLog } from '../../hub/log.js';
import { createRuntime } from '../../runtime/index.js';
import { fakeLink } from '../hub/fake-link.js';

export interface StartUpOrder {
  readonly tasks: string;
  readonly data: string;
}

export interface StartUpReport {
  /** Until it asks the broker for events. */
  readonly startMs: number;
  /** Until the runs that waited are over. */
  readonly finishedMs: number;
  readonly longestMs: number;
  readonly peakBytes: number;
}

process.once('message', (order: StartUpOrder) => {
  void measure(order).then((report) => process.send?.(report, () => process.disconnect()));
});

async function measure({ tasks, data }: StartUpOrder): Promise<StartUpReport> {
  const beganAt = performance.now();
  let [longestMs, lookedAt] = [0, beganAt];
  const looks = setInterval(() => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - lookedAt);
    lookedAt = now;
  }, 1);
  const link = fakeLink();
  const hub = await createHub({
    taskDirs: [tasks],
    dataDir: data,
    threads: 1,
    startRuntime: createRuntime,
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'none',
    clock: Date.now,
    newEventId: eventIds(Date.now),
    newSeed: runSeeds(),
    observe: () => undefined,
    log: createLog('warn'),
  });
  const startMs = performance.now() - beganAt;
  while (hub.runs > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const finishedMs = performance.now() - beganAt;
  clearInterval(looks);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  await hub.close();
  return { startMs, finishedMs, longestMs, peakBytes };
}
