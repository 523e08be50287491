/** Hubs that break a promise, to see that it would be noticed. */
import type { BrokerLink, MessageHandler } from '../../../hub/broker-link.js';
import type { Store } from '../../../hub/store/index.js';
import type { FaultPoints } from './fault-points.js';
import type { Loss } from './disk.js';

export interface Flaw {
  /** What must have happened for it to show. */
  readonly shows: Loss;
  store?(store: Store, points: FaultPoints): void;
  handler?(handler: MessageHandler): MessageHandler;
  link?(link: BrokerLink): BrokerLink;
}

/** A run has written, and has not ended. */
export const BETWEEN = 'between';

export const FLAWS: Readonly<Record<string, Flaw>> = {
  'tells the world before the disk has confirmed': {
    shows: 'power',
    store: (store) => {
      store.durable = () => Promise.resolve();
    },
  },
  'acknowledges before it has stored': {
    shows: 'process',
    handler: (handler) => (message) => {
      message.acknowledge();
      void handler({ ...message, acknowledge: () => undefined });
    },
  },
  'forgets what was delivered': {
    shows: 'process',
    store: (store) => {
      const deliveries = store.deliveries.bind(store);
      store.deliveries = () => deliveries().slice(0, 0);
    },
  },
  'forgets runs that were not over': {
    shows: 'process',
    store: (store) => {
      const unfinished = store.unfinished.bind(store);
      store.unfinished = () => [...unfinished()].slice(0, 0);
    },
  },
  'ends a run apart from what it wrote': {
    shows: 'process',
    store: (store, points) => {
      const commit = store.commit.bind(store);
      store.commit = (changes, also) => {
        const committed = commit(
          changes.map((change) => ({ ...change, ends: undefined })),
          also,
        );
        const over = changes.filter((_, i) => committed.results[i]?.kind !== 'conflict');
        if (over.some(({ ends }) => ends !== undefined)) points.pass(BETWEEN);
        commit(over.map(({ ends }) => ({ reads: [], writes: [], ends })));
        return committed;
      };
    },
  },
  'writes without looking at what was read': {
    shows: 'process',
    store: (store) => {
      const commit = store.commit.bind(store);
      store.commit = (changes, also) =>
        commit(
          changes.map((change) => ({ ...change, reads: [] })),
          also,
        );
    },
  },
  'takes a message for published before the broker has it': {
    shows: 'process',
    link: (link) => ({
      ...link,
      publish: (message) => {
        setImmediate(() => setImmediate(() => void link.publish(message)));
        return Promise.resolve();
      },
    }),
  },
};
