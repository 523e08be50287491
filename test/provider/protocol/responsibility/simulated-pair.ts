/**
 * A hub and a provider with one run between them, in virtual time: a seed says what is lost, late, doubled, cut,
 * stopped and killed.
 *
 * Executing from a point to the next gives a token that no other execution gives: as if the run had read something else
 * meanwhile. So an effect that is released by a side which does not go on shows in the end, even if it looks the same.
 */
import {
  createMachine,
  isExecutor,
  mayExecute,
  NEW_RUN,
  NO_RUN,
  type Action,
  type Input,
  type Message,
  type Proposal,
  type SafetyRules,
  type Side,
  type State,
  type Stub,
} from '../../../../provider/protocol/responsibility/index.js';
import { randomFrom } from '../random.js';
import { VirtualTime } from '../virtual-time.js';

export interface Faults {
  /** Chances of each message. */
  readonly lost: number;
  readonly doubled: number;
  /** Most milliseconds that a message takes. */
  readonly delayMs: number;
  /** Chances of each event to be followed by it. */
  readonly cut: number;
  readonly crash: number;
  readonly stop: number;
  readonly cancel: number;
}

export interface Plan {
  readonly seed: number;
  readonly points: number;
  readonly faults: Faults;
  /** Crashes this side instead of its n-th action, counted from 0. */
  readonly crashAt?: { readonly side: Side; readonly action: number };
  readonly rules?: SafetyRules;
  /** Whether a provider that crashes has lost its stub. */
  readonly isVolatile?: boolean;
  /** What is proposed at a point; by chance if it is not given. */
  readonly propose?: ((side: Side, point: number) => Proposal) | undefined;
}

export interface Ending {
  /** What broke; undefined: nothing. */
  readonly broken: string | undefined;
  /** Points whose effects were released, in their order. */
  readonly released: readonly number[];
  readonly outcomes: readonly string[];
  /** Actions that each side was to do. */
  readonly actions: Readonly<Record<Side, number>>;
  /** Times that execution moved, and points that were executed in vain. */
  readonly moves: number;
  readonly inVain: number;
  readonly trace: readonly string[];
}

/** From now on nothing breaks, and the run has to come to its end. */
const CALM_AFTER = 400;
const MOST_EVENTS = 6_000;
const DETECTED_WITHIN_MS = 20;
const LEASE_MS = 30;
const RECLAIM_MS = 120;

/** What is on a side's disk: the stub, and the tokens of its points. */
interface Disk {
  readonly stub: Stub;
  readonly path: readonly string[];
}

interface Process {
  readonly side: Side;
  state: State;
  path: readonly string[];
  disk: Disk;
  /** Counts starts: what was under way before is of no more interest. */
  life: number;
  /** Counts executions: a later one makes an earlier one void. */
  execution: number;
  /** Stands still until then. */
  stoppedUntilMs: number;
  isUp: boolean;
  /** The last link that it knows of. */
  link: number;
  actions: number;
}

interface Letter {
  readonly message: Message;
  readonly path: readonly string[];
}

class Crash extends Error {}

/** Plays one schedule to its end. */
export function simulate(plan: Plan): Ending {
  const random = randomFrom(plan.seed);
  const machine = createMachine(plan.rules);
  const time = new VirtualTime();
  const trace: string[] = [];
  const released: string[] = [];
  const outcomes: string[] = [];
  let broken: string | undefined;
  let tokens = 0;
  let link = 0;
  let isCut = false;
  let handled = 0;
  let moves = 0;

  const processes: Record<Side, Process> = {
    hub: newProcess('hub', NEW_RUN),
    provider: newProcess('provider', NO_RUN),
  };

  function happens(process: Process, delayMs: number, act: () => void): void {
    time.happensTo(process, delayMs, act);
  }

  function tell(text: string): void {
    trace.push(`${time.nowMs.toFixed(1).padStart(8)} ${text}`);
  }

  function input(process: Process, given: Input, path: readonly string[] = process.path): void {
    if (!process.isUp) return;
    tell(`${process.side} <- ${JSON.stringify(given)}`);
    const step = machine.step(process.state, given);
    try {
      if (step.state.epoch !== process.state.epoch && isExecutor(step.state)) moves++;
      process.state = step.state;
      process.path = path;
      for (const action of step.actions) perform(process, action);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crash(process);
    }
  }

  function perform(process: Process, action: Action): void {
    const { side } = process;
    const isNow = plan.crashAt?.side === side && plan.crashAt.action === process.actions;
    process.actions++;
    if (isNow || (handled < CALM_AFTER && random() < plan.faults.crash)) throw new Crash();
    tell(`${side} -> ${JSON.stringify(action)}`);
    switch (action.type) {
      case 'store':
        process.path = process.path.slice(0, action.stub.point);
        process.disk = { stub: action.stub, path: process.path };
        if (action.release !== undefined) release(process, action.release);
        if (action.outcome !== undefined) {
          outcomes.push(action.outcome);
          if (outcomes.length > 1) broken ??= 'the outcome was delivered twice';
        }
        return;
      case 'send':
        return send(side, { message: action.message, path: process.path });
      case 'resume':
        return execute(process);
      case 'halt':
        process.execution++;
        return;
      case 'wait':
        happens(process, action.wait === 'lease' ? LEASE_MS : RECLAIM_MS, () =>
          input(process, { type: 'waited', wait: action.wait }),
        );
    }
  }

  function release({ path, side }: Process, { after, through }: { after: number; through: number }): void {
    if (side !== 'hub') broken ??= 'the provider released effects';
    if (after !== released.length) broken ??= `effects after ${after} were released when ${released.length} were`;
    released.push(...path.slice(after, through));
  }

  function execute(process: Process): void {
    const { epoch, point } = process.state;
    const execution = ++process.execution;
    happens(process, 1 + random() * 4, () => {
      if (process.execution !== execution || !mayExecute(process.state)) return;
      const isLast = point + 1 >= plan.points;
      const proposal = plan.propose?.(process.side, point + 1) ?? byChance();
      const path = [...process.path, `${point + 1}.${tokens++}`];
      input(process, { type: 'reached', epoch, point, proposal: { ...proposal, end: isLast } }, path);
    });
  }

  function byChance(): Proposal {
    return {
      responsible: random() < 0.5 ? 'hub' : 'provider',
      mode: random() < 0.5 ? 'synchronous' : 'asynchronous',
      offer: random() < 0.3,
      end: false,
    };
  }

  function send(from: Side, letter: Letter): void {
    const to = processes[from === 'hub' ? 'provider' : 'hub'];
    const isCalm = handled >= CALM_AFTER;
    const copies = !isCalm && random() < plan.faults.lost ? 0 : !isCalm && random() < plan.faults.doubled ? 2 : 1;
    // Even what was sent on an earlier link may still come: unless the receiver remembers nothing of it.
    const { life } = to;
    const deliver = (): void => {
      if (plan.isVolatile === true && to.life !== life) return;
      if (to.stoppedUntilMs > time.nowMs) time.later(to.stoppedUntilMs - time.nowMs, deliver);
      else if (!isCut) arrive(to, letter);
    };
    for (let copy = 0; copy < copies; copy++) time.later(0.5 + random() * plan.faults.delayMs, deliver);
  }

  function arrive(to: Process, letter: Letter): void {
    const { message } = letter;
    if (message.type !== 'point') return input(to, { type: 'message', message });
    const path = message.whole && to.side === 'provider' ? letter.path : joined(to, message, letter.path);
    const { point, epoch } = to.state;
    // What is refused changes nothing.
    const next = machine.step(to.state, { type: 'message', message }).state;
    const isTaken = next.point !== point || next.epoch !== epoch;
    const isOfOneWay = path.slice(0, message.from).every((token, index) => letter.path[index] === token);
    if (isTaken && !isOfOneWay) broken ??= `${to.side} took a point that goes on from another than it holds`;
    input(to, { type: 'message', message }, isTaken ? path : to.path);
  }

  function joined(to: Process, { from, point }: { from: number; point: number }, sent: readonly string[]): string[] {
    return [...to.path.slice(0, from), ...sent.slice(from, point)];
  }

  function crash(process: Process): void {
    tell(`${process.side} crashes`);
    process.isUp = false;
    process.life++;
    process.execution++;
    cut();
    time.later(5 + random() * 60, () => {
      const isLost = plan.isVolatile === true && process.side === 'provider';
      if (isLost) process.disk = { stub: NO_RUN, path: [] };
      process.isUp = true;
      const { state, actions } = machine.start(process.disk.stub);
      process.state = state;
      process.path = process.disk.path;
      tell(`${process.side} starts again`);
      try {
        for (const action of actions) perform(process, action);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        crash(process);
      }
    });
  }

  function cut(): void {
    if (isCut) return;
    isCut = true;
    link++;
    tell('the link is cut');
    for (const process of Object.values(processes)) detect(process);
    time.later(10 + random() * 250, join);
  }

  function detect(process: Process): void {
    const lost = link;
    happens(process, random() * DETECTED_WITHIN_MS, () => {
      // Who was stopped may know of the next link already.
      if (process.link < lost) input(process, { type: 'link-lost' });
    });
  }

  function join(): void {
    if (!processes.hub.isUp || !processes.provider.isUp) return time.later(20, join);
    isCut = false;
    const joined = ++link;
    tell('the link is there');
    for (const process of Object.values(processes)) {
      // Not before the loss of the last one is known.
      happens(process, DETECTED_WITHIN_MS + random() * 5, () => {
        if (link !== joined) return;
        process.link = joined;
        input(process, { type: 'linked' });
      });
    }
  }

  function trouble(): void {
    const { faults } = plan;
    const one = random() < 0.5 ? processes.hub : processes.provider;
    if (random() < faults.cut) cut();
    if (random() < faults.stop) {
      tell(`${one.side} is stopped`);
      one.stoppedUntilMs = time.nowMs + random() * 300;
    }
    if (random() < faults.cancel) happens(processes.hub, 0, () => input(processes.hub, { type: 'cancel' }));
  }

  function resends(): void {
    for (const process of Object.values(processes)) happens(process, 0, () => input(process, { type: 'resend' }));
    time.later(25, resends);
  }

  function isDone(): boolean {
    return processes.hub.isUp && processes.hub.disk.stub.over;
  }

  for (const process of Object.values(processes)) input(process, { type: 'linked' });
  execute(processes.hub);
  time.later(25, resends);
  while (broken === undefined && !isDone() && handled < MOST_EVENTS) {
    handled++;
    if (!time.step()) break;
    if (handled < CALM_AFTER) trouble();
    broken ??= fault(processes.hub, released);
  }
  if (!isDone()) broken ??= 'the run did not come to its end';
  const points = released.map((token) => Number(token.split('.')[0]));
  broken ??= endFault(points, outcomes, plan.points);
  const actions = { hub: processes.hub.actions, provider: processes.provider.actions };
  return { broken, released: points, outcomes, actions, moves, inVain: tokens - points.length, trace };
}

/** What was released must be of the one way that the hub goes: it holds those points, and they never change. */
function fault(hub: Process, released: readonly string[]): string | undefined {
  const { path, stub } = hub.disk;
  const count = released.length;
  if (count !== stub.released) return `${count} effects are released, and the stub says ${stub.released}`;
  if (stub.point < count) return `the hub is at ${stub.point} when ${count} effects are released`;
  const wrong = released.findIndex((token, index) => path[index] !== token);
  return wrong < 0 ? undefined : `effect ${released[wrong]} was released, and the run goes on from ${path[wrong]}`;
}

/** What a run comes to that nothing disturbs: each point once, in order, and one outcome. */
function endFault(points: readonly number[], outcomes: readonly string[], expected: number): string | undefined {
  if (!points.every((point, index) => point === index + 1)) return `released ${points.join(' ')}`;
  if (outcomes.length !== 1) return `${outcomes.length} outcomes`;
  if (outcomes[0] === 'of-the-run' && points.length !== expected) return `released ${points.length} of ${expected}`;
  return undefined;
}

function newProcess(side: Side, stub: Stub): Process {
  const disk = { stub, path: [] };
  const state = { ...stub, linked: false };
  const counts = { life: 0, execution: 0, link: 0, actions: 0 };
  return { side, state, path: [], disk, stoppedUntilMs: 0, isUp: true, ...counts };
}
