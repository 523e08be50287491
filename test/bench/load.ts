/**
 * Events in, answers counted: the load of the end-to-end benchmark.
 *
 * The loop is closed: so many events are under way, and each answer lets the
 * next one go. So the rate is the one at which nothing is lost, and nobody has
 * to guess it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectPacket, PacketReader, payloadOf, publishPacket, subscribePacket } from './mqtt-packets.js';

export interface LoadPlan {
  /** The topic's first level: who is to answer. */
  readonly root: string;
  readonly qos: 0 | 1;
  readonly events: number;
  /** Events under way at once. */
  readonly window: number;
}

export interface LoadReport {
  readonly seconds: number;
  /** Events that no answer came for. */
  readonly lost: number;
  /** Answers beyond the first to an event. */
  readonly duplicates: number;
}

export interface PacedPlan {
  readonly root: string;
  readonly qos: 0 | 1;
  readonly events: number;
  readonly perSecond: number;
}

export interface PacedReport {
  /** Of the events that were answered. */
  readonly latenciesMs: Float64Array;
  /** Events that no answer came for. */
  readonly lost: number;
}

const DEVICES = 50;

/** With no answer for this long, what is under way counts as lost. */
const STALL_MS = 5_000;

const CONNACK = 0x20;
const SUBACK = 0x90;
const PUBLISH = 0x30;

export class Load {
  readonly #socket: Socket;
  readonly #reader = new PacketReader();
  #nextSeq = 1;
  #onPacket: (first: number, body: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#reader.read(chunk, (first, body) => this.#onPacket(first, body)));
  }

  /** Connects to a broker on this machine and listens for answers to all roots. */
  static async connect(port: number): Promise<Load> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const load = new Load(socket);
    await load.#request(connectPacket(`load-${process.pid}`), CONNACK);
    await load.#request(subscribePacket(1, '+/+/+/out'), SUBACK);
    return load;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Resolves when every event was answered, or the answers have stopped. */
  run(plan: LoadPlan): Promise<LoadReport> {
    const firstSeq = this.#nextSeq;
    const endSeq = firstSeq + plan.events;
    const answered = new Uint8Array(plan.events);
    let answers = 0;
    let duplicates = 0;
    const startedAt = performance.now();

    return new Promise((resolve) => {
      let lastAnswerAt = startedAt;
      const finish = (): void => {
        clearInterval(stallTimer);
        this.#onPacket = () => {};
        this.#nextSeq = endSeq;
        resolve({ seconds: (lastAnswerAt - startedAt) / 1000, lost: plan.events - answers, duplicates });
      };
      const stallTimer = setInterval(() => {
        if (performance.now() - lastAnswerAt > STALL_MS) finish();
      }, STALL_MS / 10);
      const sendMore = (): void => {
        const packets: Buffer[] = [];
        while (this.#nextSeq < endSeq && this.#nextSeq - firstSeq - answers < plan.window) {
          packets.push(eventPacket(plan, this.#nextSeq++));
        }
        if (packets.length > 0) this.#socket.write(Buffer.concat(packets));
      };
      this.#onPacket = (first, body) => {
        if (first >>> 4 !== PUBLISH >>> 4) return;
        const index = seqOf(payloadOf(body)) - firstSeq;
        if (answered[index] === undefined) return;
        if (answered[index] === 1) {
          duplicates++;
          return;
        }
        answered[index] = 1;
        answers++;
        lastAnswerAt = performance.now();
        if (answers === plan.events) finish();
        else sendMore();
      };
      sendMore();
    });
  }

  /** Sends events at a rate, whether or not they are answered. Resolves with what each took from when it was to be sent. */
  runAt({ root, qos, events, perSecond }: PacedPlan): Promise<PacedReport> {
    const firstSeq = this.#nextSeq;
    const startedAt = performance.now();
    const dueMs = (index: number): number => (index * 1000) / perSecond;
    const tookMs = new Float64Array(events).fill(NaN);
    let answers = 0;
    return new Promise((resolve) => {
      let lastAnswerAt = startedAt;
      const finish = (): void => {
        clearInterval(timer);
        this.#onPacket = () => {};
        this.#nextSeq = firstSeq + events;
        resolve({ latenciesMs: tookMs.filter((ms) => !Number.isNaN(ms)), lost: events - answers });
      };
      const timer = setInterval(() => {
        const now = performance.now();
        const packets: Buffer[] = [];
        while (this.#nextSeq < firstSeq + events && dueMs(this.#nextSeq - firstSeq) <= now - startedAt) {
          packets.push(eventPacket({ root, qos }, this.#nextSeq++));
        }
        if (packets.length > 0) this.#socket.write(Buffer.concat(packets));
        else if (now - lastAnswerAt > STALL_MS) finish();
      }, 1);
      this.#onPacket = (first, body) => {
        if (first >>> 4 !== PUBLISH >>> 4) return;
        const index = seqOf(payloadOf(body)) - firstSeq;
        if (tookMs[index] === undefined || !Number.isNaN(tookMs[index])) return;
        lastAnswerAt = performance.now();
        tookMs[index] = lastAnswerAt - startedAt - dueMs(index);
        answers++;
        if (answers === events) finish();
      };
    });
  }

  async #request(packet: Buffer, answer: number): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#onPacket = (first) => {
        if (first === answer) resolve();
      };
    });
    this.#socket.write(packet);
    await answered;
  }
}

function eventPacket(plan: Pick<LoadPlan, 'root' | 'qos'>, seq: number): Buffer {
  const topic = `${plan.root}/${plan.qos}/d${seq % DEVICES}/in`;
  const temperature = (15 + (seq % 1500) / 100).toFixed(2);
  const humidity = (30 + (seq % 600) / 10).toFixed(1);
  const payload = `{"seq":${seq},"temperature":${temperature},"humidity":${humidity}}`;
  return publishPacket(topic, payload, plan.qos === 0 ? undefined : 1 + (seq % 65_535));
}

const SEQ_AT = '{"seq":'.length;
const DIGIT_ZERO = 0x30;

/** The number after `{"seq":`. */
function seqOf(payload: Buffer): number {
  let seq = 0;
  for (let at = SEQ_AT; at < payload.length; at++) {
    const digit = payload.readUInt8(at) - DIGIT_ZERO;
    if (digit < 0 || digit > 9) break;
    seq = seq * 10 + digit;
  }
  return seq;
}
