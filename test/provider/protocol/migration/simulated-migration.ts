/**
 * The real drivers of a hub and a provider with one run between them, in virtual time: a seed says what is cut, late,
 * slow, stopped and killed.
 */
import {
  MigratingRun,
  type Channel,
  type Host,
  type MigrationMessage,
  type PointContent,
  type StubKeeper,
  type StubRecord,
  type Terms,
} from '../../../../provider/protocol/migration/index.js';
import { NEW_RUN, type Machine, type Side } from '../../../../provider/protocol/responsibility/index.js';
import type { RunEnd, RunHandle, RunResult } from '../../../../runtime/index.js';
import { randomFrom } from '../random.js';
import { VirtualTime } from '../virtual-time.js';
import {
  BEGINNING,
  differenceOf,
  essenceOf,
  memoryOf,
  pathOf,
  resultOf,
  SMALL_CHECKPOINTS,
  stepped,
  wholeOf,
} from './small-run.js';

/** Chances, most of them of each event to be followed by it. */
export interface Faults {
  readonly cut: number;
  readonly crash: number;
  readonly stop: number;
  /** Most milliseconds that a message takes, and that it takes for each byte. */
  readonly delayMs: number;
  readonly msPerByte: number;
  /** Most milliseconds that something takes to be kept; and the chance that it is not, or is and says it is not. */
  readonly diskMs: number;
  readonly diskFails: number;
  /** Most milliseconds until there is a thread, and the chance of each step that the host suspends by itself. */
  readonly threadMs: number;
  readonly suspends: number;
}

export interface Plan {
  readonly seed: number;
  readonly steps: number;
  readonly terms: Terms;
  readonly faults: Faults;
  /** Chances of each event to be followed by it. */
  readonly asks?: { readonly offer: number; readonly adapt: number; readonly cancel: number } | undefined;
  /** Steps at which the hub asks for it to move. */
  readonly movesAt?: readonly number[];
  /** Crashes this side at its n-th word with its surroundings, counted from 0. */
  readonly crashAt?: { readonly side: Side; readonly word: number };
  /** Kills this side, and puts back what was on its disk at an earlier time. */
  readonly setBack?: { readonly side: Side; readonly copyMs: number; readonly putBackMs: number } | undefined;
  /** Whether a provider that crashes has lost its stub. */
  readonly isVolatile?: boolean;
  /** How much later than the hub a provider at least knows of a link, in milliseconds. */
  readonly knowsLateMs?: number;
  readonly machine?: Machine;
  /** What the provider's host does with all that it is given. */
  readonly provider?: 'refuses' | 'cannot-execute' | undefined;
  readonly isTraced?: boolean;
}

export interface Ending {
  /** What broke; undefined: nothing. */
  readonly broken: string | undefined;
  readonly outcome: string | undefined;
  /** Words that each side had with its surroundings: each is a place to crash at. */
  readonly words: Readonly<Record<Side, number>>;
  /** The last epoch: execution has moved about as often. */
  readonly moves: number;
  /** Steps that were executed, those in vain included. */
  readonly steps: number;
  readonly messages: number;
  readonly trace: readonly string[];
}

/** From now on nothing breaks, and the run has to come to its end. */
const CALM_AFTER_MS = 1_500;
const MOST_MS = 30_000;
const STEP_MS = 1;
const LEASE_MS = 30;
const DETECTED_WITHIN_MS = 20;
/** What is under way comes for so long although the link is cut, or the side that sent it is killed. */
const COMES_WITHIN_MS = 6;

interface Process {
  readonly side: Side;
  run: MigratingRun | undefined;
  disk: StubRecord | undefined;
  /** Counts starts: what was under way before is of no more interest. */
  life: number;
  /** The first whose writes count: an earlier one wrote to a disk that was set back since. */
  firstLife: number;
  /** Stands still until then. */
  stoppedUntilMs: number;
  isUp: boolean;
  /** The last link that it knows of. */
  link: number;
  words: number;
  isExecuting: boolean;
  /** When what was sent last has left, and has come. */
  leftMs: number;
  cameMs: number;
}

/** Plays one schedule to its end. */
export async function simulate(plan: Plan): Promise<Ending> {
  const { faults, steps } = plan;
  const random = randomFrom(plan.seed);
  const time = new VirtualTime();
  const trace: string[] = [];
  const movesAt = [...(plan.movesAt ?? [])];
  let terms = plan.terms;
  let broken: string | undefined;
  let outcome: { readonly how: string; readonly result: RunResult | undefined } | undefined;
  let safe = '';
  /** From then on, what was safe is so no more: nothing of it is seen before the outcome. */
  let isSetBack = false;
  const pathAt = new Map<number, string>();
  let link = 0;
  let isCut = true;
  /** Until when what was under way still comes after the link was cut. */
  let comesUntilMs = 0;
  let moves = 0;
  let messages = 0;
  let executed = 0;
  let executions = 0;

  const first = { anchor: wholeOf(BEGINNING) };
  const beginning = { id: 'run#1', task: 'small', stub: NEW_RUN, content: first, terms, why: 'it begins' };
  const processes: Record<Side, Process> = { hub: newProcess('hub', beginning), provider: newProcess('provider') };

  function tell(text: () => string): void {
    if (plan.isTraced === true) trace.push(`${time.nowMs.toFixed(1).padStart(8)} ${text()}`);
  }

  function breaks(what: string): void {
    tell(() => `BROKEN ${what}`);
    broken ??= what;
  }

  function isCalm(): boolean {
    return time.nowMs >= CALM_AFTER_MS;
  }

  function chance(of: number): boolean {
    return !isCalm() && random() < of;
  }

  function happens(process: Process, delayMs: number, act: () => void): void {
    time.happensTo(process, delayMs, act);
  }

  /** @returns whether it lives on: each word of a process with its surroundings may be its last. */
  function livesAt(process: Process, life: number, what: () => string): boolean {
    if (process.life !== life) return false;
    tell(() => `${process.side} ${what()}`);
    const isNow = plan.crashAt?.side === process.side && plan.crashAt.word === process.words;
    process.words++;
    if (!isNow && !chance(faults.crash)) return true;
    crash(process);
    return false;
  }

  function start(process: Process): void {
    const { side, life } = process;
    process.isUp = true;
    process.isExecuting = false;
    const run = new MigratingRun(
      {
        side,
        id: 'run#1',
        task: 'small',
        host: hostOf(process),
        stubs: stubsOf(process),
        channel: channelOf(process),
        timer: {
          nowMs: () => time.nowMs,
          after: (ms, then) => {
            let isWanted = true;
            happens(process, ms, () => isWanted && then());
            return () => void (isWanted = false);
          },
        },
        leaseMs: LEASE_MS,
        changed: () => undefined,
        failed: (reason) => {
          if (process.life !== life) return;
          tell(() => `${side} failed: ${reason}`);
          if (reason !== 'the disk' && reason !== 'the host') breaks(`the ${side} failed: ${reason}`);
          crash(process);
        },
        checkpoints: SMALL_CHECKPOINTS,
        machine: plan.machine,
      },
      process.disk,
    );
    process.run = run;
  }

  function channelOf(process: Process): Channel {
    const { life } = process;
    return {
      send: (message) => send(process, life, message),
      get isSending() {
        return process.leftMs > time.nowMs;
      },
    };
  }

  function hostOf(process: Process): Host {
    const { life, side } = process;
    return {
      refuses: ({ anchor, difference }: PointContent) => {
        for (const each of [anchor, difference]) if (each !== undefined) SMALL_CHECKPOINTS.glance(each);
        return side === 'provider' && plan.provider === 'refuses' ? 'it is told to' : undefined;
      },
      execute: (checkpoint, onPoint, everyMs) => {
        if (side === 'provider' && plan.provider === 'cannot-execute') throw new Error('the host');
        if (!livesAt(process, life, () => `executes from step ${memoryOf(checkpoint).step}`)) return deaf();
        if (process.isExecuting) breaks(`the ${side} executes twice at once`);
        process.isExecuting = true;
        const execution = ++executions;
        let memory = memoryOf(checkpoint);
        let anchor = checkpoint;
        let last = checkpoint;
        let isToStand = false;
        let sinceMs = 0;
        let finish: (end: RunEnd) => void = () => undefined;
        const end = new Promise<RunEnd>((resolve) => (finish = resolve));
        const over = (how: RunEnd): void => {
          process.isExecuting = false;
          if (livesAt(process, life, () => `${how.kind} at step ${memory.step}`)) finish(how);
        };
        const point = (): Uint8Array => {
          if (random() > 0.1) last = differenceOf(memory, anchor);
          else anchor = last = wholeOf(memory);
          return last;
        };
        const stand = (): void => {
          over({ kind: 'suspended', checkpoint: sinceMs === 0 ? last : point() });
        };
        const step = (): void => {
          if (isToStand) return stand();
          memory = stepped(memory, `${execution}.${memory.step}`);
          executed++;
          sinceMs += STEP_MS;
          while (movesAt[0] !== undefined && memory.step >= movesAt[0]) {
            movesAt.shift();
            happens(processes.hub, 0, () => processes.hub.run?.offer());
          }
          if (memory.step >= steps) return over({ kind: 'ended', result: resultOf(memory) });
          if (chance(faults.suspends)) return stand();
          if (sinceMs >= everyMs) {
            sinceMs = 0;
            const passed = point();
            if (!livesAt(process, life, () => `passes step ${memory.step}`)) return;
            onPoint(passed);
          }
          happens(process, STEP_MS, step);
        };
        happens(process, random() * faults.threadMs + STEP_MS, step);
        return {
          end,
          suspend: async () => {
            isToStand = true;
            const how = await end;
            return how.kind === 'suspended' ? how.checkpoint : undefined;
          },
        };
      },
    };
  }

  function stubsOf(process: Process): StubKeeper {
    const { life, side } = process;
    const written = async (what: () => string, write: () => void): Promise<void> => {
      if (!livesAt(process, life, () => `begins to keep ${what()}`)) return never();
      return new Promise((resolve, reject) => {
        happens(process, random() * faults.diskMs, () => {
          if (life < process.firstLife) return;
          const fails = chance(faults.diskFails);
          if (!fails || random() < 0.5) write();
          if (fails) reject(new Error('the disk'));
          else if (livesAt(process, life, () => `has kept ${what()}`)) resolve();
        });
      });
    };
    return {
      keep: (record) =>
        written(
          () => stubText(record),
          () => {
            if (side === 'hub') hubKeeps(record);
            moves = Math.max(moves, record.stub.epoch);
            process.disk = record;
          },
        ),
      over: (record, how) =>
        written(
          () => `the outcome ${how}`,
          () => {
            if (side === 'provider') breaks('the provider had an outcome');
            hubKeeps(record);
            if (outcome !== undefined) breaks('the run had two outcomes');
            outcome = { how, result: how === 'cancelled' ? undefined : record.content.result };
            process.disk = undefined;
          },
        ),
      drop: () =>
        written(
          () => 'nothing any more',
          () => {
            if (side === 'hub') breaks('the hub dropped its stub');
            process.disk = undefined;
          },
        ),
    };
  }

  /** What is safe at the hub is on the way of everything that it holds later. */
  function hubKeeps({ stub, content }: StubRecord): void {
    if (outcome !== undefined) breaks('a stub was kept after the outcome');
    const path = pathOfContent(content);
    if (!isSetBack && !path.startsWith(safe)) breaks(`${safe}was safe, and the hub holds ${path}`);
    if (pathAt.get(stub.point) !== path) for (const at of pathAt.keys()) if (at >= stub.point) pathAt.delete(at);
    pathAt.set(stub.point, path);
    const released = pathAt.get(stub.released);
    if (released !== undefined && released.length > safe.length) safe = released;
  }

  /** Its content goes at once, and what is said of it when that is kept. */
  function send(process: Process, life: number, { kept, ...message }: MigrationMessage): boolean {
    if (isCut || process.link !== link) return kept === undefined && say(process, life, message);
    leave(process, message.content);
    if (kept === undefined) return say(process, life, message);
    const over = link;
    const said = (): void => {
      if (process.link === over) say(process, life, message);
    };
    kept.then(said, () => undefined);
    return true;
  }

  function say(process: Process, life: number, message: MigrationMessage): boolean {
    if (!livesAt(process, life, () => `says ${messageText(message)}`)) return false;
    if (isCut || process.link !== link) return false;
    messages++;
    const to = processes[process.side === 'hub' ? 'provider' : 'hub'];
    process.cameMs = Math.max(process.cameMs, process.leftMs + 0.5 + random() * faults.delayMs);
    const over = link;
    time.later(process.cameMs - time.nowMs, () => {
      if (link !== over || (isCut && time.nowMs > comesUntilMs)) return;
      if (to.isUp) happens(to, 0, () => arrive(to, message));
    });
    return true;
  }

  function leave(process: Process, { anchor, difference }: PointContent): void {
    const bytes = 100 + (anchor?.length ?? 0) + (difference?.length ?? 0);
    process.leftMs = Math.max(process.leftMs, time.nowMs) + bytes * faults.msPerByte;
  }

  function arrive(to: Process, message: MigrationMessage): void {
    tell(() => `${to.side} hears ${messageText(message)}`);
    if (to.run !== undefined && !to.run.status.isOver) return to.run.receive(message);
    const { id, task } = message;
    const answer = to.side === 'hub' ? ({ type: 'over' } as const) : undefined;
    if (to.side === 'provider') {
      start(to);
      if (to.link === link) to.run?.linked();
      to.run?.receive(message);
    } else if (answer !== undefined && message.message.type !== 'over') {
      // What has come says that there is a link.
      to.link = link;
      send(to, to.life, { id, task, message: answer, content: {} });
    }
  }

  function crash(process: Process): void {
    tell(() => `${process.side} CRASHES`);
    process.isUp = false;
    process.life++;
    process.stoppedUntilMs = 0;
    process.run = undefined;
    process.isExecuting = false;
    cut();
    time.later(5 + random() * 60, () => {
      tell(() => `${process.side} starts again`);
      if (plan.isVolatile === true && process.side === 'provider') process.disk = undefined;
      process.isUp = true;
      if (process.side === 'provider' || process.disk !== undefined) start(process);
    });
  }

  function setBack({ side, copyMs, putBackMs }: NonNullable<Plan['setBack']>): void {
    const process = processes[side];
    time.later(copyMs, () => {
      const copy = process.disk;
      tell(() => `${side} is copied: ${copy === undefined ? 'nothing' : stubText(copy)}`);
      time.later(putBackMs - copyMs, () => {
        // There is nothing to go back from.
        if (outcome !== undefined) return;
        tell(() => `${side} is set back`);
        process.disk = copy;
        process.firstLife = process.isUp ? process.life + 1 : process.life;
        isSetBack = true;
        if (process.isUp) crash(process);
      });
    });
  }

  function cut(): void {
    if (isCut) return;
    isCut = true;
    const cutOff = link;
    const comesMs = (0.5 + random() / 2) * COMES_WITHIN_MS;
    comesUntilMs = time.nowMs + comesMs;
    tell(() => 'the link is cut');
    for (const process of Object.values(processes)) {
      happens(process, comesMs + random() * (DETECTED_WITHIN_MS - comesMs), () => {
        if (process.link > cutOff) return;
        tell(() => `${process.side} knows that the link is lost`);
        process.link = -1;
        process.run?.linkLost();
      });
    }
    time.later(10 + random() * (isCalm() ? 20 : 250), join);
  }

  function join(): void {
    if (!processes.hub.isUp || !processes.provider.isUp) return time.later(20, join);
    isCut = false;
    const joined = ++link;
    tell(() => `link ${joined} is there`);
    for (const process of Object.values(processes)) {
      process.leftMs = 0;
      process.cameMs = 0;
      // Not before the loss of the last one is known.
      const lateMs = process.side === 'provider' ? (plan.knowsLateMs ?? 0) : 0;
      happens(process, DETECTED_WITHIN_MS + lateMs + random() * 5, () => {
        if (link !== joined || isCut) return;
        tell(() => `${process.side} knows of link ${joined}`);
        process.link = joined;
        process.run?.linked();
      });
    }
  }

  function trouble(): void {
    const one = random() < 0.5 ? processes.hub : processes.provider;
    if (chance(faults.cut)) cut();
    if (chance(faults.stop)) {
      tell(() => `${one.side} is stopped`);
      one.stoppedUntilMs = time.nowMs + random() * 300;
    }
    const { asks } = plan;
    if (asks === undefined) return;
    const { run } = processes.hub;
    if (chance(asks.cancel)) happens(processes.hub, 0, () => run?.cancel());
    if (chance(asks.offer)) happens(one, 0, () => one.run?.offer());
    if (!chance(asks.adapt)) return;
    terms = {
      ...terms,
      responsible: anyOf('hub', 'provider', undefined),
      mode: anyOf('synchronous', 'asynchronous', undefined),
    };
    happens(processes.hub, 0, () => run?.adapt(terms));
  }

  function anyOf<Value>(...values: readonly Value[]): Value | undefined {
    return values[Math.floor(random() * values.length)];
  }

  function isDone(): boolean {
    return outcome !== undefined && processes.provider.disk === undefined && !processes.provider.isExecuting;
  }

  function goesOn(): boolean {
    return broken === undefined && !isDone() && time.nowMs < MOST_MS;
  }

  start(processes.hub);
  start(processes.provider);
  join();
  if (plan.setBack !== undefined) setBack(plan.setBack);
  while (goesOn() && (await time.next())) {
    if (!isCalm()) trouble();
  }
  for (const { run } of Object.values(processes)) void run?.close();
  if (!isDone()) breaks('the run did not come to its end, or something is left of it');
  if (outcome?.result !== undefined && essenceOf(outcome.result) !== undisturbed(steps)) {
    breaks(`the result is ${essenceOf(outcome.result)}: it should be ${undisturbed(steps)}`);
  }
  const words = { hub: processes.hub.words, provider: processes.provider.words };
  return { broken, outcome: outcome?.how, words, moves, steps: executed, messages, trace };
}

/** The result of a run that nothing disturbs. */
function undisturbed(steps: number): string {
  let memory = BEGINNING;
  while (memory.step < steps) memory = stepped(memory, '');
  return essenceOf(resultOf(memory));
}

function pathOfContent({ anchor, difference, result }: PointContent): string {
  const last = difference ?? anchor;
  if (result !== undefined) return result.log[0]?.message ?? '';
  return last === undefined ? '' : pathOf(last);
}

function newProcess(side: Side, disk?: StubRecord): Process {
  const counts = { life: 0, firstLife: 0, stoppedUntilMs: 0, link: -1, words: 0, leftMs: 0, cameMs: 0 };
  return { side, run: undefined, disk, isUp: true, isExecuting: false, ...counts };
}

/** Of a process that is dead. */
function deaf(): RunHandle {
  return { end: never(), suspend: never };
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

function contentText({ anchor, difference, result }: PointContent): string {
  const parts = { anchor, difference };
  const texts = Object.entries(parts).flatMap(([name, bytes]) => {
    return bytes === undefined
      ? []
      : `${name} ${SMALL_CHECKPOINTS.digest(bytes)} at step ${pathOf(bytes).split(' ').length - 1}`;
  });
  return [...texts, ...(result === undefined ? [] : ['a result'])].join(', ');
}

function stubText({ stub, content }: StubRecord): string {
  const { epoch, base, point, common, responsible, agreed, mode, offer, end, released } = stub;
  const flags = [mode, ...(offer ? ['offered'] : []), ...(end ? ['at its end'] : [])].join(', ');
  const where = `epoch ${epoch} from ${base}, point ${point}, common ${common}, released ${released}`;
  return `${where}, ${responsible} (${agreed}) responsible, ${flags}: ${contentText(content)}`;
}

function messageText({ message, content, leftOut }: MigrationMessage): string {
  const left = leftOut === undefined ? '' : `, without ${leftOut}`;
  return `${JSON.stringify(message)} ${contentText(content)}${left}`;
}
