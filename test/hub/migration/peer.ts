/** A provider of runs that move, in this process: the real driver over a runtime of its own, and a link that does as it is told. */
import { join } from 'node:path';
import type { Test } from 'tap';
import type { HubOptions } from '../../../hub/hub.js';
import type { Links, Moves } from '../../../hub/migration/index.js';
import { monotonicTimer } from '../../../hub/timer.js';
import {
  MigratingRun,
  type MigrationMessage,
  type StubRecord,
  type Terms,
} from '../../../provider/protocol/migration/index.js';
import { createRuntime, DEFAULT_LIMITS, MAX_LIMITS, type Runtime } from '../../../runtime/index.js';
import { builtTask } from '../../runtime/built-task.js';
import { LEASE_MS, PEER, peerLinks, placementWith, whenKept } from './peer-links.js';
import { INSTALLED, steppingRuntime } from './stepping-runtime.js';

export class Peer {
  /** What it keeps, over its own restarts. */
  readonly stubs = new Map<string, StubRecord>();
  /** Messages of the hub, by what they say. */
  readonly heard: string[] = [];
  readonly faults: string[] = [];
  readonly #runtime: Runtime;
  readonly #key: string;
  readonly #runs = new Map<string, MigratingRun>();
  #moves: Moves | undefined;
  #isLinked = true;
  /** Whether runs move of their own accord. */
  areSelected = false;
  /** Why it is to have none of the hub's runs, though there is a link. */
  #recalls: string | undefined;
  /** Whether it says nothing, though there is a link. */
  isMute = false;
  /** What becomes of what it says. */
  bend: (message: MigrationMessage) => MigrationMessage = (message) => message;
  /** What of the hub's words it takes, and never deals with: its link stays. */
  ignores: (message: MigrationMessage) => boolean = () => false;

  /** @param key Of the task in the runtime. */
  constructor(runtime: Runtime, key: string) {
    this.#runtime = runtime;
    this.#key = key;
  }

  /** Executes in steps in this thread, until the test ends. */
  static stepping(t: Test): Peer {
    return Peer.#until(t, steppingRuntime(), INSTALLED.key);
  }

  static async start(t: Test, dir: string): Promise<Peer> {
    const runtime = await createRuntime({ threads: 1, cacheDir: join(dir, 'peer') });
    const { component } = await builtTask('test/fixtures/guests/probe');
    const { memoryBytes } = DEFAULT_LIMITS;
    const { key } = await runtime.install(component, { ...MAX_LIMITS, memoryBytes }, { resumable: 'all' });
    return Peer.#until(t, runtime, key);
  }

  static #until(t: Test, runtime: Runtime, key: string): Peer {
    const peer = new Peer(runtime, key);
    t.teardown(async () => {
      for (const run of peer.#runs.values()) await run.close();
      await runtime.close();
    });
    return peer;
  }

  /** What a hub is given in place of a placement: all its runs begin here, and may move to this peer. */
  placement(terms: Partial<Terms> = {}): NonNullable<HubOptions['placement']> {
    const areSelected = (): boolean => this.areSelected;
    let hub: Moves | undefined;
    // Of a hub whose process is gone, nothing is heard.
    const isLinked = (): boolean => this.#isLinked && this.#moves === hub;
    const links: Links = {
      ...peerLinks(terms),
      isLinked: () => isLinked() && this.#recalls === undefined,
      recalls: () => this.#recalls,
      send: (_, message) => isLinked() && this.#said(message),
      fault: (_, reason) => {
        this.faults.push(reason);
        this.cut();
        this.#moves?.gone(PEER, reason);
      },
      get areSelected() {
        return areSelected();
      },
    };
    return placementWith((moves) => {
      hub = this.#moves = moves;
      // A session of its own for each start of the hub.
      for (const run of this.#runs.values()) run.linkLost();
      if (this.#isLinked) for (const run of this.#runs.values()) run.linked();
      return links;
    });
  }

  /** The link is lost, at both sides. */
  cut(): void {
    this.#isLinked = false;
    for (const run of this.#runs.values()) run.linkLost();
    this.#moves?.lost(PEER);
  }

  /** The hub may not have its runs there any more. */
  recall(reason: string): void {
    this.#recalls = reason;
    this.#moves?.changed(PEER);
  }

  /** The process of its hub is gone: nothing is said to it any more. */
  gone(): void {
    this.#isLinked = false;
    this.#moves = undefined;
    for (const run of this.#runs.values()) run.linkLost();
  }

  restore(): void {
    this.#isLinked = true;
    for (const run of this.#runs.values()) run.linked();
    this.#moves?.changed(PEER);
  }

  #said(message: MigrationMessage): boolean {
    this.heard.push(message.message.type);
    if (this.ignores(message)) return true;
    const hub = this.#moves;
    whenKept(message, () =>
      this.#isLinked && this.#moves === hub ? this.#runOf(message).receive(message) : undefined,
    );
    return true;
  }

  #runOf({ id, task }: MigrationMessage): MigratingRun {
    const known = this.#runs.get(id);
    if (known !== undefined) return known;
    const run = new MigratingRun(
      {
        side: 'provider',
        id,
        task,
        host: {
          execute: (checkpoint, onPoint, everyMs) =>
            this.#runtime.resume(checkpoint, this.#key, { onPoint, everyMs, deltas: true }),
          refuses: () => undefined,
        },
        stubs: {
          keep: (record) => Promise.resolve(void this.stubs.set(id, record)),
          over: () => Promise.resolve(),
          drop: () => Promise.resolve(void this.stubs.delete(id)),
        },
        channel: {
          isSending: false,
          send: (message) => {
            const hub = this.#moves;
            const isHeard = (): boolean => this.#isLinked && this.#moves === hub && !this.isMute;
            whenKept(message, () => (isHeard() ? hub?.received(PEER, this.bend(message)) : undefined));
            return this.#isLinked;
          },
        },
        timer: monotonicTimer,
        leaseMs: LEASE_MS,
        changed: () => undefined,
        failed: (reason) => this.faults.push(reason),
      },
      this.stubs.get(id),
    );
    this.#runs.set(id, run);
    run.linked();
    return run;
  }
}
