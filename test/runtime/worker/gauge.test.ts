import t from 'tap';
import { Gauge, type SliceWatch } from '../../../runtime/worker/gauge.js';

interface World extends SliceWatch {
  nowMs: number;
  isCancelled: boolean;
  slices: number;
}

function world(): World {
  return {
    nowMs: 0,
    isCancelled: false,
    slices: 0,
    now() {
      return this.nowMs;
    },
    cancelled() {
      return this.isCancelled;
    },
    sliceEnded() {
      this.slices++;
    },
  };
}

function counter(): WebAssembly.Global<number> {
  return new WebAssembly.Global({ value: 'i32', mutable: true }, 123);
}

/** A guest of several modules, as metered code behaves: it takes fuel and asks when there is none. */
class Guest {
  readonly counters: WebAssembly.Global<number>[];
  /** Taken by the guest, as it knows itself. */
  spent = 0;
  stopped = false;

  constructor(
    readonly gauge: Gauge,
    modules: number,
  ) {
    this.counters = Array.from({ length: modules }, counter);
    for (const each of this.counters) gauge.add(each);
  }

  /** Module `index` executes what costs `fuel`. */
  execute(index: number, fuel: number): void {
    const global = this.counters[index];
    if (global === undefined || this.stopped) return;
    this.spent += fuel;
    const left = global.value - fuel;
    if (left >= 0) {
      global.value = left;
      return;
    }
    const granted = this.gauge.slice(index, left);
    if (granted < 0) this.stopped = true;
    else global.value = granted;
  }
}

t.test('what is used is what was executed, however it was sliced', (t) => {
  for (const slice of [1, 7, 100, 1_000_000]) {
    const guest = new Guest(new Gauge(slice), 1);
    guest.gauge.begin(10_000, 100, world());
    for (let i = 0; i < 50; i++) guest.execute(0, 13);
    t.equal(guest.gauge.used, guest.spent, `slices of ${slice}`);
    t.equal(guest.stopped, false);
  }
  t.end();
});

t.test('a run gets its limit, and one more unit stops it', (t) => {
  const guest = new Guest(new Gauge(100), 1);
  guest.gauge.begin(1_000, 100, world());
  for (let i = 0; i < 100; i++) guest.execute(0, 10);
  t.strictSame([guest.stopped, guest.gauge.used], [false, 1_000]);
  guest.execute(0, 1);
  t.strictSame([guest.stopped, guest.gauge.stopped], [true, 'fuel']);
  t.end();
});

/** A small deterministic generator. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

/** Lets a guest made from `seed` run until it is stopped. @returns what was wrong with when it was. */
function faultOf(seed: number): string | undefined {
  const most = 400;
  const random = randomFrom(seed);
  const modules = 1 + random(4);
  const guest = new Guest(new Gauge(1 + random(5_000)), modules);
  const limit = 1 + random(20_000);
  guest.gauge.begin(limit, 100, world());
  while (!guest.stopped) {
    guest.execute(random(modules), random(most));
    if (!guest.stopped && guest.spent > limit) return `went on with ${guest.spent} of ${limit}`;
  }
  // By the first step that does not fit, and not before.
  if (guest.gauge.stopped !== 'fuel') return `was stopped for ${guest.gauge.stopped}`;
  if (guest.spent <= limit || guest.spent - limit > most) return `was stopped at ${guest.spent} of ${limit}`;
  return undefined;
}

t.test('several modules together never get more than the limit, but for one look', (t) => {
  const faults: string[] = [];
  for (let seed = 1; seed <= 300; seed++) {
    const fault = faultOf(seed);
    if (fault !== undefined) faults.push(`${seed}: ${fault}`);
  }
  t.strictSame(faults, []);
  t.end();
});

t.test('the same steps use the same, whatever the slices', (t) => {
  const uses = [1, 50, 3_000].map((slice) => {
    const random = randomFrom(5);
    const guest = new Guest(new Gauge(slice), 3);
    guest.gauge.begin(1_000_000, 100, world());
    for (let i = 0; i < 1_000; i++) guest.execute(random(3), random(100));
    return guest.gauge.used;
  });
  t.equal(new Set(uses).size, 1, uses.join(' '));
  t.end();
});

t.test('a host call is charged like anything else', (t) => {
  const guest = new Guest(new Gauge(100), 2);
  guest.gauge.begin(5_000, 100, world());
  guest.execute(0, 10);
  guest.execute(1, 20);
  guest.gauge.charge(3_000);
  t.equal(guest.gauge.used, 3_030, 'more than there is in the slice');
  guest.execute(0, 1);
  t.strictSame([guest.stopped, guest.gauge.used], [false, 3_031]);
  guest.gauge.charge(2_000);
  guest.execute(0, 1);
  t.strictSame([guest.stopped, guest.gauge.stopped], [true, 'fuel']);
  t.end();
});

t.test('deadline and cancellation are looked at when a slice ends', (t) => {
  for (const [reason, happen] of [
    ['deadline', (seen: World) => void (seen.nowMs = 101)],
    ['cancelled', (seen: World) => void (seen.isCancelled = true)],
  ] as const) {
    const seen = world();
    const guest = new Guest(new Gauge(100), 1);
    guest.gauge.begin(1_000_000, 100, seen);
    for (let i = 0; i < 25; i++) guest.execute(0, 10);
    t.equal(seen.slices, 3, 'at the first look, and every hundred after');
    happen(seen);
    for (let i = 0; i < 11; i++) guest.execute(0, 10);
    t.strictSame([guest.stopped, guest.gauge.stopped], [true, reason]);
  }
  t.end();
});

t.test('told to stop, every module stops at its next step, and the first reason counts', (t) => {
  const guest = new Guest(new Gauge(100), 2);
  guest.gauge.begin(10_000, 100, world());
  guest.execute(0, 10);
  guest.execute(1, 10);
  guest.gauge.stop('output');
  guest.gauge.stop('deadline');
  t.equal(guest.gauge.used, 20, 'taking back what is unspent changes nothing of what was used');
  guest.execute(1, 1);
  t.strictSame([guest.stopped, guest.gauge.stopped], [true, 'output']);
  t.end();
});

t.test('the next run begins with nothing used and everything free', (t) => {
  const guest = new Guest(new Gauge(100), 2);
  guest.gauge.begin(500, 100, world());
  for (let i = 0; i < 60; i++) guest.execute(i % 2, 10);
  t.equal(guest.gauge.stopped, 'fuel');
  guest.gauge.begin(500, 100, world());
  t.strictSame([guest.gauge.used, guest.gauge.stopped], [0, undefined]);
  guest.stopped = false;
  for (let i = 0; i < 50; i++) guest.execute(i % 2, 10);
  t.strictSame([guest.stopped, guest.gauge.used], [false, 500]);
  t.end();
});

t.test('a run that is stopped has used what it spent, though its counter was in a local', (t) => {
  const gauge = new Gauge(1_000);
  const guest = new Guest(gauge, 2);
  gauge.begin(10_500, 1_000, world());
  for (let i = 0; !guest.stopped; i++) guest.execute(i % 2, 300);
  t.equal(gauge.stopped, 'fuel');
  t.equal(gauge.used, guest.spent);
  t.end();
});

void t.test('host calls that cost more than a counter can hold are paid, and end the run', (t) => {
  const gauge = new Gauge(1_000);
  const guest = new Guest(gauge, 2);
  gauge.begin(10_000_000_000, 10, world());
  guest.execute(0, 500);
  for (let i = 1; i <= 4; i++) {
    gauge.charge(2 ** 31);
    t.equal(gauge.used, 500 + i * 2 ** 31, 'none of it wraps');
  }
  t.equal(gauge.stopped, undefined);
  gauge.charge(2 ** 31);
  t.equal(gauge.stopped, 'fuel');
  guest.execute(1, 1);
  t.ok(guest.stopped, 'at the next look of whichever module');
  t.end();
});

t.test('modules that call each other do not ask for a slice at every call, however many they are', (t) => {
  const LIMIT = 10_000_000;
  for (const modules of [2, 10, 100]) {
    const watch = world();
    const gauge = new Gauge();
    const guest = new Guest(gauge, modules);
    gauge.begin(LIMIT, 1_000, watch);
    let calls = 0;
    for (; !guest.stopped; calls++) guest.execute(calls % modules, 13);
    t.ok(guest.spent >= LIMIT && guest.spent < LIMIT + 13 * modules);
    t.ok(watch.slices < calls / 20, `${watch.slices} slices for ${calls} calls of ${modules} modules`);
  }
  t.end();
});

t.test('host calls that took a slice look at the deadline, and at whether the run was cancelled', (t) => {
  for (const [change, stop] of [
    [(watch: World) => (watch.nowMs = 11), 'deadline'],
    [(watch: World) => (watch.isCancelled = true), 'cancelled'],
  ] as const) {
    const watch = world();
    const gauge = new Gauge(1_000);
    gauge.add(counter());
    gauge.begin(1_000_000, 10, watch);
    change(watch);
    for (let i = 0; i < 10; i++) gauge.charge(100);
    t.equal(gauge.stopped, undefined, 'a slice of them is not more than a slice');
    gauge.charge(1);
    t.equal(gauge.stopped, stop);
  }
  t.end();
});
