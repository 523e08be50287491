import {
  createMachine,
  executorOf,
  isExecutor,
  NO_RUN,
  type Action,
  type Input,
  type Machine,
  type Side,
  type State,
  type Wait,
} from '../responsibility/index.js';
import { CHECKPOINTS, Content } from './content.js';
import { MIGRATION_BOUNDS } from './limits.js';
import { LinkMeasure } from './link-measure.js';
import type { Channel, Checkpoints, Host, MigrationMessage, StubKeeper, StubRecord, Terms } from './ports.js';
import { propose } from './proposal.js';
import { SharedContents } from './shared-contents.js';
import { lagOf, otherThan, responsibleIn, type MigrationStatus } from './status.js';
import { Stretch } from './stretch.js';

export interface MigratingRunParts {
  readonly side: Side;
  readonly id: string;
  /** The task's name in the session. */
  readonly task: string;
  readonly host: Host;
  readonly stubs: StubKeeper;
  readonly channel: Channel;
  /** Monotonic milliseconds, and calls at a later moment of them. */
  readonly timer: { nowMs(): number; after(ms: number, then: () => void): () => void };
  /** How long a side may hear nothing before it takes the link for dead: `welcome.leaseMs`. */
  readonly leaseMs: number;
  /** Told whenever `status` may have changed. */
  readonly changed: () => void;
  /** Told when the run cannot go on here, and why: a disk that fails, or a checkpoint that is refused. Nothing follows. */
  readonly failed: (reason: string) => void;
  /** Default `CHECKPOINTS`. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Default `createMachine()`. A test passes a broken one. */
  readonly machine?: Machine | undefined;
}

/** What happens to a side, in the order in which it is dealt with. */
type Happening =
  | { readonly type: 'started'; readonly actions: readonly Action[] }
  | { readonly type: 'input'; readonly input: Input; readonly isStill?: () => boolean }
  | { readonly type: 'received'; readonly message: MigrationMessage; readonly link: number }
  | { readonly type: 'adapted'; readonly terms: Terms }
  | { readonly type: 'offered' }
  | { readonly type: 'unable'; readonly reason: string }
  | { readonly type: 'came-to'; readonly content: Content; readonly isEnd: boolean; readonly offers: boolean };

/**
 * One side of one run that moves: does what the machine of `responsibility/` says, one thing after the other, with what
 * its surroundings give it. It decides nothing by itself.
 *
 * Modes: it works, from the first call on; it has failed, or is closed: then it does nothing any more, and what is
 * kept is for the next one to go on with.
 */
export class MigratingRun {
  readonly #parts: MigratingRunParts;
  readonly #checkpoints: Checkpoints;
  readonly #machine: Machine;
  readonly #shared: SharedContents;
  readonly #measure = new LinkMeasure();
  readonly #queue: Happening[] = [];
  #working: Promise<void> | undefined;
  #isStopped = false;
  #state: State;
  #content: Content;
  #terms: Terms | undefined;
  #why: string;
  /** Counts links, so that what came over an earlier one is known. */
  #link = 0;
  /** What the machine said last of executing here. */
  #mayRun = false;
  #stretch: Stretch | undefined;
  /** This side's own wish to have the other one execute. */
  #gives = false;
  #isDropped = false;
  /** Whole points that the provider has refused, one after the other. */
  #refusals = 0;
  /** Fuel at a point, and when it was come to; and how much it took in a millisecond since the one before. */
  #pace = { fuel: 0, atMs: 0, fuelPerMs: 0 };
  #wait: { readonly cancel: () => void } | undefined;
  #resend: { readonly cancel: () => void; readonly afterMs: number } | undefined;

  /** @param record A new run at the hub (`NEW_RUN` and its first checkpoint), a stub from before a restart, or nothing. */
  constructor(parts: MigratingRunParts, record: StubRecord | undefined) {
    const { checkpoints = CHECKPOINTS, machine = createMachine(), timer } = parts;
    this.#parts = parts;
    this.#checkpoints = checkpoints;
    this.#machine = machine;
    this.#shared = new SharedContents(checkpoints);
    this.#content = new Content(record?.content ?? {}, checkpoints);
    this.#terms = record?.terms;
    this.#why = record?.why ?? '';
    this.#pace = { fuel: this.#content.fuel, atMs: timer.nowMs(), fuelPerMs: 0 };
    const { state, actions } = machine.start(record?.stub ?? NO_RUN);
    this.#state = state;
    this.#happens({ type: 'started', actions });
  }

  get status(): MigrationStatus {
    const state = this.#state;
    const { epoch, point, mode, linked } = state;
    return {
      executes: executorOf(epoch),
      isExecuting: this.#stretch !== undefined && !this.#stretch.isDone && this.#stretch.epoch === epoch,
      epoch,
      point,
      mode,
      lag: lagOf(state),
      responsible: responsibleIn(state),
      why: this.#why,
      isLinked: linked,
      isOver: state.over || this.#isDropped,
      fuel: this.#content.fuel,
    };
  }

  /** There is a link, and the other side takes the task. */
  linked(): void {
    this.#link++;
    this.#shared.newLink();
    this.#happens({ type: 'input', input: { type: 'linked' } });
  }

  linkLost(): void {
    this.#measure.lost(this.#parts.timer.nowMs());
    this.#happens({ type: 'input', input: { type: 'link-lost' } });
  }

  receive(message: MigrationMessage): void {
    this.#happens({ type: 'received', message, link: this.#link });
  }

  /** Has the other side of the one that executes go on from the next point. At the provider, only while it executes. */
  offer(): void {
    this.#happens({ type: 'offered' });
  }

  /** The hub's: what it wants has changed. */
  adapt(terms: Terms): void {
    this.#happens({ type: 'adapted', terms });
  }

  /** The hub's: ends it without effect. */
  cancel(): void {
    this.#happens({ type: 'input', input: { type: 'cancel' } });
  }

  /** Executes no further, and keeps its stub for the next start. Resolves when all that was begun to be kept is. */
  async close(): Promise<void> {
    this.#stop();
    await this.#working;
  }

  #happens(happening: Happening): void {
    if (this.#isStopped) return;
    this.#queue.push(happening);
    this.#wake();
  }

  #wake(): void {
    if (!this.#isStopped) this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // What is said together is dealt with before anything is begun.
    await Promise.resolve();
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        await this.#dealWith(next);
        this.#parts.changed();
      }
    } catch (error) {
      this.#fail(reasonOf(error));
    } finally {
      this.#working = undefined;
    }
  }

  #next(): Happening | undefined {
    if (this.#isStopped) return undefined;
    return this.#queue.shift() ?? this.#goOn();
  }

  async #dealWith(happening: Happening): Promise<void> {
    switch (happening.type) {
      case 'started':
        return this.#perform(happening.actions);
      case 'input':
        return happening.isStill?.() === false ? undefined : this.#input(happening.input);
      case 'received':
        return this.#received(happening.message, happening.link === this.#link);
      case 'adapted':
        return this.#adapted(happening.terms);
      case 'offered':
        return this.#offered();
      case 'came-to':
        return this.#cameTo(happening);
      case 'unable':
        return this.#unable(happening.reason);
    }
  }

  async #input(input: Input): Promise<void> {
    if (input.type === 'linked') this.#refusals = 0;
    if (input.type === 'waited') this.#why = this.#whyTaken(input.wait);
    await this.#step(input, this.#content);
  }

  #whyTaken(wait: Wait): string {
    const { side } = this.#parts;
    return wait === 'lease'
      ? `the ${side} has taken over, as the link was lost and it is responsible`
      : `the hub has taken over, as the provider was not heard for ${this.#terms?.reclaimMs} ms`;
  }

  /** Has the machine take a step, after which this is what is held here, and does what it says. */
  async #step(input: Input, content: Content): Promise<void> {
    const { epoch } = this.#state;
    const { state, actions } = this.#machine.step(this.#state, input);
    this.#state = state;
    this.#content = content;
    if (state.epoch !== epoch) this.#enteredEpoch();
    if (state.linked || state.epoch !== epoch) this.#waitNoMore();
    if (!state.linked || !this.#isUnanswered) this.#resendNoMore();
    await this.#perform(actions);
    if (!this.#isStopped) this.#armResend();
  }

  #enteredEpoch(): void {
    this.#shared.newEpoch();
    this.#gives = false;
    if (this.#terms?.executes === executorOf(this.#state.epoch)) this.#terms = { ...this.#terms, executes: undefined };
  }

  async #perform(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      if (this.#isStopped) return;
      switch (action.type) {
        case 'store':
          await this.#store(action);
          break;
        case 'send':
          this.#send(action.message);
          break;
        case 'resume':
          this.#mayRun = true;
          break;
        case 'halt':
          this.#mayRun = false;
          this.#stretch?.leave();
          break;
        case 'wait':
          this.#waitFor(action.wait);
      }
    }
  }

  async #store({ stub, outcome }: Action & { type: 'store' }): Promise<void> {
    const { id, task, stubs } = this.#parts;
    if (stub.epoch < 0) {
      await stubs.drop(id);
      this.#isDropped = true;
      return;
    }
    if (this.#terms === undefined) throw new Error(`cannot keep the stub of ${id}: the hub has said no terms`);
    const { anchor, difference, result } = this.#content;
    const content = { anchor, difference, result };
    const record = { id, task, stub, content, terms: this.#terms, why: this.#why };
    if (outcome === undefined) await stubs.keep(record);
    else await stubs.over(record, outcome);
  }

  #send(message: MigrationMessage['message']): void {
    const { id, task, side, channel, timer } = this.#parts;
    const terms = side === 'hub' ? this.#terms : undefined;
    if (message.type !== 'point') {
      channel.send({ id, task, message, content: {}, terms });
      return;
    }
    if (this.#isRefused) return;
    const { point, base } = message;
    const outgoing = this.#shared.outgoing(this.#content, { point, isNew: point > base });
    if (!channel.send({ id, task, message, ...outgoing, terms })) this.#shared.newLink();
    else this.#measure.sent(point, { bytes: bytesOf(outgoing.content), nowMs: timer.nowMs() });
  }

  // What comes from the other side.

  get #isRefused(): boolean {
    return this.#refusals >= MIGRATION_BOUNDS.refusals;
  }

  async #received(message: MigrationMessage, isOfThisLink: boolean): Promise<void> {
    const { side, timer } = this.#parts;
    this.#resendNoMore();
    if (side === 'provider' && message.terms !== undefined) this.#terms = message.terms;
    const said = message.message;
    switch (said.type) {
      case 'lacks':
        this.#shared.forget();
        return this.#step({ type: 'resend' }, this.#content);
      case 'point':
        return this.#receivedPoint(message, { type: 'message', message: said }, isOfThisLink);
      case 'held':
        if (said.epoch === this.#state.epoch) {
          this.#refusals = 0;
          this.#measure.held(said.point, timer.nowMs());
          this.#shared.held(said.point);
        }
        break;
      case 'nothing':
        if (said.epoch !== this.#state.epoch) return;
        this.#shared.forget();
        this.#why = 'the hub goes on with it, as the provider does not take it';
        if (this.#terms?.executes === 'provider') this.#terms = { ...this.#terms, executes: undefined };
        this.#refusals++;
        await this.#step({ type: 'message', message: said }, this.#content);
        // It is asked again over the next link.
        if (this.#isRefused) await this.#step({ type: 'link-lost' }, this.#content);
        return;
      case 'over':
    }
    return this.#step({ type: 'message', message: said }, this.#content);
  }

  async #receivedPoint(message: MigrationMessage, input: Input, isOfThisLink: boolean): Promise<void> {
    const { point, epoch } = this.#state;
    const next = this.#machine.step(this.#state, input).state;
    // What changes nothing is not looked at.
    if (next.point === point && next.epoch === epoch) return this.#step(input, this.#content);
    const content = this.#shared.incoming(message, this.#content);
    if (content === undefined) return this.#send({ type: 'lacks' });
    const { host, side } = this.#parts;
    const refusal =
      host.refuses({ ...message.content }) ?? (content.isSound ? undefined : 'its parts do not belong together');
    if (refusal !== undefined) {
      if (side === 'provider')
        this.#send({ type: 'nothing', epoch: message.message.type === 'point' ? message.message.epoch : epoch });
      return;
    }
    this.#shared.took(content, isOfThisLink);
    const other = otherThan(side);
    this.#why =
      next.epoch % 2 === (side === 'hub' ? 0 : 1) ? `the ${other} has handed it over` : `the ${other} executes it`;
    await this.#step(input, content);
  }

  async #adapted(terms: Terms): Promise<void> {
    this.#terms = terms;
    // The provider hears of it with whatever is said next.
    if (executorOf(this.#state.epoch) === 'provider') await this.#step({ type: 'resend' }, this.#content);
  }

  async #offered(): Promise<void> {
    const { side } = this.#parts;
    if (side === 'provider' || this.#terms === undefined) this.#gives = isExecutor(this.#state);
    else await this.#adapted({ ...this.#terms, executes: otherThan(executorOf(this.#state.epoch)) });
  }

  // Executing here.

  /** What was come to and may be said now. Begins to execute, or to leave, where that is to be. */
  #goOn(): Happening | undefined {
    const { epoch, linked, mode, end, offer } = this.#state;
    if (this.#stretch?.isDone === true && (this.#stretch.epoch !== epoch || this.#stretch.news === undefined)) {
      this.#stretch = undefined;
    }
    const stretch = this.#stretch;
    if (stretch !== undefined && (stretch.epoch !== epoch || !this.#mayRun)) stretch.leave();
    if (!this.#mayRun || (stretch !== undefined && stretch.epoch !== epoch)) return undefined;
    const offers = linked && !end && !offer && this.#isToOffer;
    if (stretch === undefined) {
      if (offers) return { type: 'came-to', content: this.#content, isEnd: false, offers };
      return this.#execute();
    }
    const { news } = stretch;
    const isToStand = offers || (linked && mode === 'synchronous');
    if (news === undefined || (news.kind === 'passed' && isToStand)) {
      // A synchronous stretch goes on to its first point.
      if (offers || news !== undefined) stretch.leave();
      return undefined;
    }
    stretch.takeNews();
    const isEnd = news.kind === 'ended';
    return { type: 'came-to', content: news.content, isEnd, offers: offers && !isEnd };
  }

  get #isToOffer(): boolean {
    const { side } = this.#parts;
    return this.#gives || this.#terms?.executes === otherThan(side);
  }

  #execute(): Happening | undefined {
    const { host } = this.#parts;
    const from = this.#content.whole.anchor;
    if (from === undefined || this.#terms === undefined) throw new Error('there is nothing to go on from');
    this.#pace = { fuel: this.#content.fuel, atMs: this.#parts.timer.nowMs(), fuelPerMs: this.#pace.fuelPerMs };
    const { epoch } = this.#state;
    const { pointMs: everyMs } = this.#terms;
    try {
      const tell = (): void => this.#wake();
      this.#stretch = new Stretch({ host, checkpoints: this.#checkpoints, epoch, from, everyMs, tell });
    } catch (error) {
      return { type: 'unable', reason: reasonOf(error) };
    }
    this.#parts.changed();
    return undefined;
  }

  /** The provider gives up what it took: the hub goes on from what it holds. */
  async #unable(reason: string): Promise<void> {
    const { side, id, stubs } = this.#parts;
    if (side === 'provider') {
      await stubs.drop(id);
      this.#send({ type: 'nothing', epoch: this.#state.epoch });
    }
    this.#fail(reason);
  }

  async #cameTo({ content, isEnd, offers }: Happening & { type: 'came-to' }): Promise<void> {
    const { side, timer, leaseMs } = this.#parts;
    const { epoch, point, linked } = this.#state;
    if (this.#terms === undefined) throw new Error('there are no terms');
    const { fuel } = content;
    const nowMs = timer.nowMs();
    const tookMs = nowMs - this.#pace.atMs;
    this.#pace = {
      fuel,
      atMs: nowMs,
      fuelPerMs: tookMs > 0 ? (fuel - this.#pace.fuel) / tookMs : this.#pace.fuelPerMs,
    };
    const { responsible, mode, why } = propose({
      side,
      isLinked: linked,
      terms: this.#terms,
      link: this.#measure,
      bytes: content.difference?.length ?? content.anchor?.length ?? 0,
      fuel,
      fuelPerMs: this.#pace.fuelPerMs,
      leaseMs,
      before: this.#state,
    });
    this.#why = why;
    const proposal = { responsible, mode, offer: offers, end: isEnd };
    await this.#step({ type: 'reached', epoch, point, proposal }, content);
  }

  // Waiting.

  #waitFor(wait: Wait): void {
    const { timer, leaseMs } = this.#parts;
    this.#waitNoMore();
    const ms = wait === 'lease' ? leaseMs * MIGRATION_BOUNDS.leaseMargin : (this.#terms?.reclaimMs ?? leaseMs);
    const then = (): void => {
      this.#happens({ type: 'input', input: { type: 'waited', wait }, isStill: () => this.#wait === waiting });
    };
    const waiting = { cancel: timer.after(ms, then) };
    this.#wait = waiting;
  }

  #waitNoMore(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
  }

  /** What the other side should have answered to is said again, ever more rarely. */
  #armResend(lastMs = 0): void {
    const { timer, leaseMs, channel } = this.#parts;
    if (this.#resend !== undefined || !this.#state.linked || !this.#isUnanswered) return;
    const afterMs = Math.min(Math.max(leaseMs, lastMs * 2), leaseMs * MIGRATION_BOUNDS.resendLeases);
    const then = (): void => {
      this.#resend = undefined;
      if (channel.isSending) return this.#armResend();
      if (isExecutor(this.#state)) this.#shared.forget();
      this.#happens({ type: 'input', input: { type: 'resend' } });
      this.#armResend(afterMs);
    };
    this.#resend = { cancel: timer.after(afterMs, then), afterMs };
  }

  #resendNoMore(): void {
    this.#resend?.cancel();
    this.#resend = undefined;
  }

  get #isUnanswered(): boolean {
    const { side, over, epoch, common, point } = this.#state;
    if (over || epoch < 0) return false;
    // A provider that has lost the run may have said so in vain.
    return isExecutor(this.#state) ? common < point : side === 'hub';
  }

  // The end.

  #fail(reason: string): void {
    if (this.#isStopped) return;
    this.#stop();
    this.#parts.failed(reason);
  }

  #stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    this.#waitNoMore();
    this.#resendNoMore();
    this.#stretch?.leave();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bytesOf({
  anchor,
  difference,
}: {
  anchor?: Uint8Array | undefined;
  difference?: Uint8Array | undefined;
}): number {
  return (anchor?.length ?? 0) + (difference?.length ?? 0);
}
