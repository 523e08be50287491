import { SHAPING_BOUNDS } from './limits.js';
import type { Shaping } from '../manifest/index.js';
import type { Timer } from '../timer.js';
import { DueHeap, type Due } from './due-heap.js';
import { payloadFingerprint, textFingerprint, valueFingerprint } from './fingerprint.js';
import { dueMs, shape, waitingOf, wake, withItems, type KeyState } from './key-shape.js';
import { Recent } from './recent.js';
import type { Folded, Step } from './step.js';

/** What can be shaped. */
export interface Shapeable {
  readonly event: { readonly payload: Uint8Array; readonly retain: boolean };
}

export interface ShapersOptions<T> {
  readonly timer: Timer;
  /** Called for each item that goes on, from within `offer` or later. */
  readonly pass: (item: T) => void;
  /** Called for each that does not. */
  readonly fold: (folded: Folded<T>) => void;
  /** Called after items have gone on by themselves, not from within `offer`. */
  readonly woke: () => void;
}

/** What is remembered of a trigger, apart from what waits: plain data, in times of the monotonic clock. */
export interface Memory {
  /** The one used longest ago first. */
  readonly keys: readonly KeyMemory[];
  /** What dedupe has seen and when, oldest first. */
  readonly seen: readonly (readonly [text: string, atMs: number])[];
}

interface KeyMemory {
  readonly key: string;
  /** See `KeyState`. */
  readonly value: string | undefined;
  /** When its throttle's interval ends. */
  readonly openAtMs: number | undefined;
}

/** The shaping of one trigger: its keys, the one used longest ago first. */
interface Shaper<T> {
  /** Items that it was offered: as long as that is the same, so is what is remembered. */
  offered: number;
  readonly rules: Shaping;
  readonly keys: Map<string, Key<T>>;
  readonly recent: Recent | undefined;
}

interface Key<T> extends Due {
  shaper: Shaper<T>;
  state: KeyState<T>;
}

/** Keeps the state of all triggers' shaping, and wakes what waits when it is due. */
export class Shapers<T extends Shapeable> {
  readonly #options: ShapersOptions<T>;
  readonly #shapers = new Map<Shaping, Shaper<T>>();
  readonly #due = new DueHeap<Key<T>>();
  #waiting = 0;
  #waitingBytes = 0;
  #cancelAlarm: (() => void) | undefined;
  #alarmMs = Infinity;

  constructor(options: ShapersOptions<T>) {
    this.#options = options;
  }

  /** Items that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes an item through the shaping of its trigger, of which `rules` is the identity. */
  offer(rules: Shaping, longKey: string, item: T): void {
    const shaper = this.#shaper(rules);
    shaper.offered++;
    const nowMs = this.#options.timer.nowMs();
    const key = longKey.length <= SHAPING_BOUNDS.shapedKeyLength ? longKey : textFingerprint(longKey);
    if (rules.ignoreRetained && item.event.retain) return this.#options.fold({ item, reason: 'retained' });
    if (shaper.recent !== undefined && isRepeated(shaper.recent, rules, key, item, nowMs))
      return this.#options.fold({ item, reason: 'duplicate' });
    const entry = this.#key(shaper, key);
    const step = shape(rules, entry.state, item, nowMs);
    this.#apply(entry, step);
    this.#keepWithinBounds();
    this.#setAlarm();
  }

  /** Lets all go on that waits. */
  flush(): void {
    for (let entry = this.#due.first(); entry !== undefined; entry = this.#due.first()) this.#letGo(entry);
    this.#setAlarm();
  }

  /** Grows with each item of a trigger. */
  offered(rules: Shaping): number {
    return this.#shapers.get(rules)?.offered ?? 0;
  }

  memoryOf(rules: Shaping): Memory {
    const shaper = this.#shapers.get(rules);
    const keys = [...(shaper?.keys ?? [])].map(([key, { state }]) => {
      return { key, value: state.value, openAtMs: state.throttle?.openAtMs };
    });
    return { keys, seen: [...(shaper?.recent?.entries() ?? [])] };
  }

  /** Takes what an earlier hub remembered of a trigger. What has come since is newer, and stays. */
  restore(rules: Shaping, { keys, seen }: Memory): void {
    const shaper = this.#shaper(rules);
    shaper.recent?.restore(seen, this.#options.timer.nowMs());
    const since = new Map(shaper.keys);
    shaper.keys.clear();
    for (const { key, value, openAtMs } of keys) {
      if (since.has(key)) continue;
      const throttle = openAtMs === undefined ? undefined : { openAtMs };
      shaper.keys.set(key, { shaper, state: { value, throttle }, dueMs: Infinity, order: 0, place: -1 });
    }
    for (const [key, entry] of since) shaper.keys.set(key, entry);
  }

  /** Items that wait in the shaping of one trigger. */
  waitingIn(rules: Shaping): number {
    let waiting = 0;
    for (const { state } of this.#shapers.get(rules)?.keys.values() ?? []) waiting += waitingOf(state).length;
    return waiting;
  }

  /** Forgets a trigger. @returns the items that waited in its shaping; of one key, the oldest comes first. */
  remove(rules: Shaping): readonly T[] {
    const items: T[] = [];
    for (const entry of this.#shapers.get(rules)?.keys.values() ?? []) {
      items.push(...waitingOf(entry.state));
      this.#apply(entry, { state: {}, passed: [], folded: [] });
    }
    this.#shapers.delete(rules);
    this.#setAlarm();
    return items;
  }

  /** Goes on as the shaping of another trigger with equal rules. @param change What each waiting item is there. */
  rename(rules: Shaping, to: Shaping, change: (item: T) => T): void {
    const shaper = this.#shapers.get(rules);
    if (shaper === undefined) return;
    this.#shapers.delete(rules);
    const renamed = { ...shaper, rules: to };
    for (const entry of shaper.keys.values()) {
      entry.shaper = renamed;
      entry.state = withItems(entry.state, change);
    }
    this.#shapers.set(to, renamed);
  }

  #shaper(rules: Shaping): Shaper<T> {
    let shaper = this.#shapers.get(rules);
    if (shaper === undefined) {
      const recent =
        rules.dedupe === undefined ? undefined : new Recent(rules.dedupe.windowMs, SHAPING_BOUNDS.dedupedValues);
      shaper = { offered: 0, rules, keys: new Map(), recent };
      this.#shapers.set(rules, shaper);
    }
    return shaper;
  }

  #key(shaper: Shaper<T>, name: string): Key<T> {
    const known = shaper.keys.get(name);
    // Put last: the first is the one that is forgotten.
    if (known !== undefined) shaper.keys.delete(name);
    const entry = known ?? { shaper, state: {}, dueMs: Infinity, order: 0, place: -1 };
    shaper.keys.set(name, entry);
    if (shaper.keys.size > SHAPING_BOUNDS.shapedKeys) {
      const [oldest] = shaper.keys;
      if (oldest !== undefined) {
        shaper.keys.delete(oldest[0]);
        this.#letGo(oldest[1]);
      }
    }
    return entry;
  }

  #apply(entry: Key<T>, { state, passed, folded }: Step<KeyState<T>, T> & { readonly state: KeyState<T> }): void {
    for (const item of waitingOf(entry.state)) this.#count(item, -1);
    entry.state = state;
    for (const item of waitingOf(state)) this.#count(item, 1);
    const due = dueMs(entry.shaper.rules, state);
    if (due === undefined) this.#due.remove(entry);
    else this.#due.set(entry, due);
    for (const one of folded) this.#options.fold(one);
    for (const item of passed) this.#options.pass(item);
  }

  #keepWithinBounds(): void {
    for (let entry = this.#due.first(); entry !== undefined; entry = this.#due.first()) {
      if (this.#waiting <= SHAPING_BOUNDS.shapedEvents && this.#waitingBytes <= SHAPING_BOUNDS.shapedBytes) return;
      this.#letGo(entry);
    }
  }

  #count(item: T, by: 1 | -1): void {
    this.#waiting += by;
    this.#waitingBytes += by * item.event.payload.length;
  }

  /** Lets an entry's items go on before their time. */
  #letGo(entry: Key<T>): void {
    const { value } = entry.state;
    this.#apply(entry, { state: { value }, passed: waitingOf(entry.state), folded: [] });
  }

  #setAlarm(): void {
    const next = this.#due.first()?.dueMs ?? Infinity;
    // One that is set too early finds nothing due and is set again: cheaper than to move it with each item.
    if (this.#cancelAlarm !== undefined && this.#alarmMs <= next && next !== Infinity) return;
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    this.#alarmMs = next;
    if (next === Infinity) return;
    const { timer } = this.#options;
    this.#cancelAlarm = timer.after(Math.max(0, Math.ceil(next - timer.nowMs())), () => this.#wake());
  }

  #wake(): void {
    this.#cancelAlarm = undefined;
    const nowMs = this.#options.timer.nowMs();
    for (let entry = this.#due.first(); entry !== undefined && entry.dueMs <= nowMs; entry = this.#due.first()) {
      this.#apply(entry, wake(entry.shaper.rules, entry.state, nowMs));
    }
    this.#setAlarm();
    this.#options.woke();
  }
}

/** Whether an equal item of the key came within the window. One that has nothing to be told apart by is not repeated. */
function isRepeated(recent: Recent, { dedupe }: Shaping, key: string, item: Shapeable, nowMs: number): boolean {
  if (dedupe === undefined) return false;
  const { by } = dedupe;
  const fingerprint =
    by === 'payload' ? payloadFingerprint(item.event.payload) : valueFingerprint(item.event.payload, by);
  // A length before the key keeps it apart from what follows, whatever the two contain.
  return fingerprint !== undefined && recent.has(`${key.length}:${key}${fingerprint}`, nowMs);
}
