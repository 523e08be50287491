import type { Bytes } from '../../../runtime/index.js';
import {
  createMachine,
  executorOf,
  hasForgotten,
  isExecutor,
  NO_RUN,
  waitToTake,
  type Action,
  type Input,
  type Machine,
  type PointMessage,
  type Side,
  type State,
  type Wait,
} from '../responsibility/index.js';
import { Alarm, type Timer } from './alarm.js';
import { bytesOf, CHECKPOINTS, Content } from './content.js';
import { Execution, type CameTo, type Situation } from './execution.js';
import { MIGRATION_BOUNDS } from './limits.js';
import { LinkMeasure, type LinkQuality } from './link-measure.js';
import { OneByOne } from './one-by-one.js';
import type { Channel, Checkpoints, Host, MigrationMessage, StubKeeper, StubRecord, Terms } from './ports.js';
import { propose } from './proposal.js';
import { SharedContents } from './shared-contents.js';
import { isUnanswered, otherThan, statusOf, type MigrationStatus } from './status.js';

export interface MigratingRunParts {
  readonly side: Side;
  readonly id: string;
  /** The task's name in the session. */
  readonly task: string;
  readonly host: Host;
  readonly stubs: StubKeeper;
  readonly channel: Channel;
  readonly timer: Timer;
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

/** Why a provider answers that it has nothing, where its machine does: its stubs were in memory, or set back. */
const FORGOTTEN = 'it does not have what it has said to hold';

/** What happens to a side. */
type Happening =
  | { readonly type: 'started'; readonly actions: readonly Action[] }
  | { readonly type: 'linked' }
  | { readonly type: 'input'; readonly input: Input }
  | { readonly type: 'waited'; readonly wait: Wait; readonly isWanted: () => boolean }
  | { readonly type: 'received'; readonly message: MigrationMessage; readonly link: number }
  | { readonly type: 'adapted'; readonly terms: Partial<Terms> }
  | { readonly type: 'offered' }
  | { readonly type: 'unable'; readonly error: unknown }
  | ({ readonly type: 'came-to' } & CameTo);

/**
 * One side of one run that moves: does what the machine of `responsibility/` says, one thing after the other, with what
 * its surroundings give it. It decides nothing by itself.
 *
 * It works from the beginning, until it is closed, or has failed: then it does nothing any more, and what is kept is for
 * the next one to go on with.
 */
export class MigratingRun {
  readonly #parts: MigratingRunParts;
  readonly #machine: Machine;
  readonly #shared: SharedContents;
  readonly #execution: Execution;
  readonly #measure = new LinkMeasure();
  readonly #happenings: OneByOne<Happening>;
  readonly #takeover: Alarm;
  readonly #resend: Alarm;
  #resendMs = 0;
  #state: State;
  /** At the point of the state. */
  #content: Content;
  #terms: Terms | undefined;
  #why: string;
  /** Counts links, so that what came over an earlier one is known. */
  #link = 0;
  /** What the machine said last of executing here. */
  #mayRun = false;
  /** The provider's wish to have the hub execute. The hub's are in its terms. */
  #givesBack = false;
  #isDropped = false;
  /** Points that the provider has refused, one after the other. */
  #refusals = 0;
  /** Times that this side has said its point again since it heard anything of the run. */
  #unanswered = 0;
  /** Messages that have come and are not yet dealt with, and the checkpoints of all that are not done with. */
  #waiting = 0;
  #waitingBytes: Bytes = 0;

  /**
   * @param record A new run at the hub, a stub from before a restart, or nothing. A new run is `NEW_RUN` and its first
   *   checkpoint, which has been kept: else who crashes would begin another run by this id.
   */
  constructor(parts: MigratingRunParts, record: StubRecord | undefined) {
    const { checkpoints = CHECKPOINTS, machine = createMachine(), host, timer } = parts;
    this.#parts = parts;
    this.#machine = machine;
    this.#shared = new SharedContents(checkpoints);
    this.#content = new Content(record?.content ?? {}, checkpoints);
    this.#terms = record?.terms;
    this.#why = record?.why ?? '';
    this.#takeover = new Alarm(timer);
    this.#resend = new Alarm(timer);
    const tell = (): void => {
      this.#execution.look(this.#situation);
      this.#happenings.wake();
    };
    this.#execution = new Execution({ host, checkpoints, timer, tell });
    this.#happenings = new OneByOne<Happening>({
      deal: (happening) => this.#deal(happening),
      otherwise: () => this.#execute(),
      failed: (error) => this.#fail(error),
    });
    const { state, actions } = machine.start(record?.stub ?? NO_RUN);
    this.#state = state;
    this.#happenings.add({ type: 'started', actions });
  }

  get status(): MigrationStatus {
    return statusOf(this.#state, {
      isExecuting: this.#execution.isUnderWay(this.#state.epoch),
      why: this.#why,
      isDropped: this.#isDropped,
      fuel: this.#content.fuel,
    });
  }

  /** What is known of the link, by what this side sent over it. */
  get link(): LinkQuality {
    return this.#measure;
  }

  /** Of checkpoints that have come, and of which it is not known yet whether they are kept. */
  get waitingBytes(): Bytes {
    return this.#waitingBytes;
  }

  /** There is a link, and the other side takes the task. */
  linked(): void {
    this.#link++;
    this.#measure.found(this.#parts.timer.nowMs());
    this.#shared.newLink();
    this.#happenings.add({ type: 'linked' });
  }

  linkLost(): void {
    this.#measure.lost(this.#parts.timer.nowMs());
    this.#happenings.add({ type: 'input', input: { type: 'link-lost' } });
  }

  /** What comes while many wait is lost, as on a link. */
  receive(message: MigrationMessage): void {
    if (this.#waiting >= MIGRATION_BOUNDS.messagesWaiting) return;
    this.#waiting++;
    this.#waitingBytes += bytesOf(message.content);
    this.#happenings.add({ type: 'received', message, link: this.#link });
  }

  /**
   * Has the other side than the one that executes go on from the next point. The hub may say so wherever the run is, and
   * takes it back at once if it executes at a provider that it does not hear; the provider only while it executes.
   */
  offer(): void {
    this.#happenings.add({ type: 'offered' });
  }

  /** The hub's: what it wants has changed. What is not named stays as it is. */
  adapt(terms: Partial<Terms>): void {
    this.#happenings.add({ type: 'adapted', terms });
  }

  /** The hub's: ends it without effect. */
  cancel(): void {
    this.#happenings.add({ type: 'input', input: { type: 'cancel' } });
  }

  /** Executes no further, and keeps its stub for the next start. Resolves when all that was begun to be kept is. */
  async close(): Promise<void> {
    this.#stop();
    await this.#happenings.settled();
  }

  async #deal(happening: Happening): Promise<void> {
    switch (happening.type) {
      case 'started':
        await this.#perform(happening.actions);
        break;
      case 'linked':
        this.#refusals = 0;
        this.#unanswered = 0;
        await this.#step({ type: 'linked' });
        break;
      case 'input':
        await this.#step(happening.input);
        break;
      case 'waited':
        if (happening.isWanted()) await this.#waited(happening.wait);
        break;
      case 'received':
        this.#waiting--;
        await this.#received(happening.message, happening.link === this.#link);
        this.#waitingBytes -= bytesOf(happening.message.content);
        break;
      case 'adapted':
        await this.#adapted({ ...this.#knownTerms, ...happening.terms });
        break;
      case 'offered':
        await this.#offered();
        break;
      case 'came-to':
        await this.#cameTo(happening);
        break;
      case 'unable':
        await this.#unable(happening.error);
    }
    if (this.#happenings.isStopped) return;
    this.#armResend();
    this.#parts.changed();
  }

  // What the machine says.

  /** Has the machine take a step, after which `content` is what is held here, and does what it says. */
  async #step(input: Input, content = this.#content): Promise<void> {
    const { epoch } = this.#state;
    const { state, actions } = this.#machine.step(this.#state, input);
    this.#state = state;
    this.#content = content;
    if (state.epoch !== epoch) this.#enteredEpoch();
    if (state.linked) this.#takeover.cancel();
    await this.#perform(actions);
  }

  #enteredEpoch(): void {
    this.#takeover.cancel();
    this.#shared.newEpoch();
    this.#givesBack = false;
    // What was wished for is so.
    if (this.#terms?.executes === executorOf(this.#state.epoch)) this.#terms = { ...this.#terms, executes: undefined };
  }

  /**
   * Waits for the disk before anything is said, and for nothing else: what is executed meanwhile is told of when this is
   * done, so that it is as if it had not been where the stub is not kept.
   */
  async #perform(actions: readonly Action[]): Promise<void> {
    if (this.#happenings.isStopped) return;
    let kept: Promise<void> | undefined;
    for (const action of actions) {
      switch (action.type) {
        case 'store':
          kept = this.#store(action);
          // It is waited for below, unless something else throws first.
          kept.catch(() => undefined);
          break;
        case 'send':
          this.#send(action.message, { kept, why: action.message.type === 'nothing' ? FORGOTTEN : undefined });
          break;
        case 'resume':
          this.#mayRun = true;
          // Only ahead of a disk: else what has happened already is dealt with first, and it may be to leave.
          if (kept !== undefined) this.#begin();
          break;
        case 'halt':
          this.#mayRun = false;
          this.#execution.leave();
          break;
        case 'wait':
          this.#waitFor(action.wait);
      }
    }
    await kept;
  }

  async #store({ stub, outcome }: Action & { type: 'store' }): Promise<void> {
    const { id, task, stubs } = this.#parts;
    if (stub.epoch < 0) {
      await stubs.drop(id);
      this.#isDropped = true;
      return;
    }
    // What its next points are differences to is kept now, and not when it is to leave.
    const isNew = isExecutor(stub) && stub.point === stub.base;
    const { anchor, difference, result } = isNew ? this.#content.whole : this.#content;
    const content = { anchor, difference, result };
    const record = { id, task, stub, content, terms: this.#knownTerms, why: this.#why };
    if (outcome === undefined) await stubs.keep(record);
    else await stubs.over(record, outcome);
  }

  /** @param kept Resolves when it may be said: what it is about goes ahead. `why` is for people to read. */
  #send(
    message: MigrationMessage['message'],
    { kept, why }: { readonly kept?: Promise<void> | undefined; readonly why?: string | undefined } = {},
  ): void {
    const { id, task, side, channel, timer } = this.#parts;
    const terms = side === 'hub' ? this.#terms : undefined;
    if (message.type !== 'point') {
      channel.send({ id, task, message, content: {}, terms, kept, why });
      return;
    }
    if (this.#isRefused) return;
    const { point, base } = message;
    const outgoing = this.#shared.outgoing(this.#content, { point, isNew: point > base });
    const bytes = bytesOf(outgoing.content);
    const isTaken = channel.send({ id, task, message, ...outgoing, terms, why: this.#why, kept });
    if (isTaken) this.#measure.sent(point, { bytes, nowMs: timer.nowMs() });
    else this.#shared.newLink();
  }

  #waitFor(wait: Wait): void {
    const { leaseMs } = this.#parts;
    const ms = wait === 'lease' ? leaseMs * MIGRATION_BOUNDS.leaseMargin : this.#knownTerms.reclaimMs;
    this.#takeover.set(ms, (isWanted) => this.#happenings.add({ type: 'waited', wait, isWanted }));
  }

  async #waited(wait: Wait): Promise<void> {
    this.#why =
      wait === 'lease'
        ? `the ${this.#parts.side} has taken over, as it is responsible and the link was lost`
        : `the hub has taken over, as the provider was not heard for ${this.#knownTerms.reclaimMs} ms`;
    await this.#step({ type: 'waited', wait });
  }

  /** What the other side should have answered to is said again, ever more rarely until it says something. */
  #armResend(): void {
    const { leaseMs, channel } = this.#parts;
    const isToSpeak = this.#state.linked && isUnanswered(this.#state);
    if (!isToSpeak) this.#resend.cancel();
    if (!isToSpeak || this.#resend.isSet) return;
    this.#resendMs = Math.min(Math.max(leaseMs, this.#resendMs * 2), leaseMs * MIGRATION_BOUNDS.resendLeases);
    this.#resend.set(this.#resendMs, () => {
      // What waits to be sent is not lost.
      if (channel.isSending) return this.#armResend();
      if (isExecutor(this.#state)) {
        this.#shared.forget();
        this.#unanswered++;
      }
      this.#happenings.add({ type: 'input', input: { type: this.#isUnheard ? 'link-lost' : 'resend' } });
    });
  }

  /** Whether the provider has a link, and says nothing to what the hub came to: then the run has none. */
  get #isUnheard(): boolean {
    return this.#parts.side === 'hub' && this.#unanswered > MIGRATION_BOUNDS.unanswered;
  }

  // What comes from the other side.

  async #received(message: MigrationMessage, isOfThisLink: boolean): Promise<void> {
    this.#resend.cancel();
    this.#resendMs = 0;
    const wasUnheard = this.#isUnheard;
    this.#unanswered = 0;
    // It speaks again.
    if (wasUnheard && isOfThisLink) await this.#step({ type: 'linked' });
    if (this.#parts.side === 'provider' && message.terms !== undefined) this.#terms = message.terms;
    const said = message.message;
    if (said.type !== 'lacks' && this.#takesBack(said)) return this.#step({ type: 'message', message: said });
    switch (said.type) {
      case 'lacks':
        return this.#shared.lacks() ? this.#step({ type: 'resend' }) : undefined;
      case 'point':
        return this.#receivedPoint(said, message, isOfThisLink);
      case 'held':
        if (said.epoch === this.#state.epoch) this.#receivedHeld(said.point);
        break;
      case 'nothing':
        if (said.epoch === this.#state.epoch) this.#receivedNothing(message.why);
        break;
      case 'over':
    }
    await this.#step({ type: 'message', message: said });
    // It is asked again over the next link.
    if (this.#isRefused) await this.#step({ type: 'link-lost' });
  }

  /** The hub's: its data folder was set back, and it goes on with what is there. */
  #takesBack(said: MigrationMessage['message']): boolean {
    if (this.#parts.side !== 'hub' || (said.type !== 'point' && said.type !== 'held')) return false;
    if (!hasForgotten(this.#state, said)) return false;
    this.#shared.forget();
    this.#why =
      'the hub has taken it back, as its data folder is of an earlier time: it has less than it has said to hold';
    return true;
  }

  #receivedHeld(point: number): void {
    this.#refusals = 0;
    this.#measure.held(point, this.#parts.timer.nowMs());
    this.#shared.held(point);
  }

  #receivedNothing(why: string | undefined): void {
    this.#refusals++;
    this.#shared.forget();
    const because = why === undefined ? '' : `: ${bounded(why)}`;
    this.#why = `the hub goes on with it, as the provider does not take it${because}`;
    if (this.#terms?.executes === 'provider') this.#terms = { ...this.#terms, executes: undefined };
  }

  get #isRefused(): boolean {
    return this.#refusals >= MIGRATION_BOUNDS.refusals;
  }

  async #receivedPoint(said: PointMessage, message: MigrationMessage, isOfThisLink: boolean): Promise<void> {
    const { side, host } = this.#parts;
    const { epoch, point } = this.#state;
    const input: Input = { type: 'message', message: said };
    const next = this.#machine.step(this.#state, input).state;
    // What would change nothing is not looked at.
    if (next.point === point && next.epoch === epoch) return this.#step(input);
    const refusal = host.refuses(message.content, said.end);
    const content = this.#shared.incoming(message, this.#content);
    if (refusal === undefined && content === undefined) return this.#send({ type: 'lacks' });
    if (refusal !== undefined || content?.isSound(said.end) !== true) {
      if (side === 'provider') this.#send({ type: 'nothing', epoch: said.epoch }, { why: refusal });
      return;
    }
    this.#shared.took(content, isOfThisLink);
    this.#why = said.offer ? `the ${otherThan(side)} has handed it over` : bounded(message.why ?? '');
    await this.#step(input, content);
  }

  // What is wished for.

  async #adapted(terms: Terms): Promise<void> {
    this.#terms = terms;
    if (executorOf(this.#state.epoch) === 'hub') return;
    // The provider hears of it with whatever is said to it.
    if (this.#state.linked) return this.#step({ type: 'resend' });
    const wait = waitToTake(this.#state);
    if (terms.executes !== 'hub' || wait === undefined) return;
    this.#why = 'the hub has taken it back, as it was asked to, and there is no link';
    await this.#step({ type: 'waited', wait });
  }

  async #offered(): Promise<void> {
    const { side } = this.#parts;
    if (side === 'provider') this.#givesBack = isExecutor(this.#state);
    else await this.#adapted({ ...this.#knownTerms, executes: otherThan(executorOf(this.#state.epoch)) });
  }

  get #knownTerms(): Terms {
    if (this.#terms === undefined) throw new Error(`The hub has said no terms of ${this.#parts.id}`);
    return this.#terms;
  }

  // Executing here.

  get #situation(): Situation {
    const [state, mayRun, content] = [this.#state, this.#mayRun, this.#content];
    const gives = this.#givesBack || this.#terms?.executes === otherThan(state.side);
    return { state, mayRun, content, gives, pointMs: this.#terms?.pointMs ?? 0 };
  }

  #begin(): void {
    try {
      this.#execution.begin(this.#situation);
    } catch (error) {
      this.#happenings.add({ type: 'unable', error });
    }
  }

  #execute(): Happening | undefined {
    const { epoch } = this.#state;
    const before = this.#execution.isUnderWay(epoch);
    try {
      const cameTo = this.#execution.next(this.#situation);
      if (this.#execution.isUnderWay(epoch) !== before) this.#parts.changed();
      return cameTo === undefined ? undefined : { type: 'came-to', ...cameTo };
    } catch (error) {
      return { type: 'unable', error };
    }
  }

  async #cameTo({ content, isEnd, offers }: CameTo): Promise<void> {
    const { side, leaseMs } = this.#parts;
    const { epoch, point, linked, responsible, mode } = this.#state;
    const proposed = propose({
      side,
      isLinked: linked,
      terms: this.#knownTerms,
      link: this.#measure,
      bytes: content.difference?.length ?? content.anchor?.length ?? 0,
      fuel: content.fuel,
      fuelPerMs: this.#execution.fuelPerMs,
      leaseMs,
      before: { responsible, mode },
    });
    this.#why = proposed.why;
    const proposal = { responsible: proposed.responsible, mode: proposed.mode, offer: offers, end: isEnd };
    await this.#step({ type: 'reached', epoch, point, proposal }, content);
  }

  /** The host cannot go on with it. A provider gives up what it took: the hub goes on from what it holds. */
  async #unable(error: unknown): Promise<void> {
    const { side, id, stubs } = this.#parts;
    if (side === 'provider') {
      await stubs.drop(id);
      this.#send({ type: 'nothing', epoch: this.#state.epoch }, { why: messageOf(error) });
    }
    this.#fail(error);
  }

  // The end.

  #fail(error: unknown): void {
    this.#stop();
    this.#parts.failed(messageOf(error));
  }

  #stop(): void {
    this.#happenings.stop();
    this.#takeover.cancel();
    this.#resend.cancel();
    this.#execution.leave();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bounded(why: string): string {
  return why.slice(0, MIGRATION_BOUNDS.whyLength);
}
