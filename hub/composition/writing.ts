import { LateLink } from '../broker/index.js';
import { Outbox } from '../execution/index.js';
import { Devices, Journal } from '../journal/index.js';
import type { Releases } from './releases.js';
import type { Rooms, Writing } from './rooms.js';

export function makeWriting({ around, foundation }: Pick<Rooms, 'around' | 'foundation'>, releases: Releases): Writing {
  const { placement, counts, observe, timer, clock, log } = around;
  const { store } = foundation;
  let tellFailure: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => (tellFailure = resolve));
  const devices = new Devices({ timer, flush: () => journal.flush() });
  releases.add(() => devices.close());
  const journal = new Journal({
    store,
    log,
    clock,
    devices,
    released: (group) => outbox.released(group),
    lettersDropped: (letters) => {
      counts.lettersDropped += letters;
      observe({ kind: 'dead-letters-dropped', letters });
    },
    changed: (changes, results) => placement?.note(changes, results),
    failed: (error) => {
      log.fatal(
        { err: error },
        'the store no longer keeps what is written: nothing is acknowledged or published any more',
      );
      tellFailure(error);
    },
  });
  releases.add(() => journal.close());
  const link = new LateLink();
  const outbox = new Outbox({ store, journal, publish: (message) => link.publish(message), counts, observe, clock });
  return { devices, journal, outbox, link, fail: tellFailure, failed };
}
