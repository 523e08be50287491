/** How events, deliveries and messages are written into the rows of the inbox and the outbox. */
import type { QoS } from '../../runtime/index.js';
import { Packer, Unpacker } from './packing.js';
import type { Delivery, StoredEvent, StoredMessage, StoredRun } from './store.js';

const RETAIN = 4;
/** A chain follows. */
const CHAIN = 8;

export function packEvents(events: readonly StoredEvent[]): Uint8Array {
  const packer = new Packer();
  for (const event of events) {
    packer.text(event.id);
    packer.text(event.topic);
    packer.bytes(event.payload);
    packer.whole(flagsOf(event, event.chain));
    packer.number(event.arrivedAtMs);
    packer.number(event.clockMs);
    packer.whole(event.runs.length);
    for (const run of event.runs) {
      packer.text(run.task);
      packer.number(run.seed);
    }
    if (event.chain !== undefined) packer.text(event.chain);
  }
  return packer.packed();
}

export function unpackEvents(packed: Uint8Array): StoredEvent[] {
  const unpacker = new Unpacker(packed);
  const events: StoredEvent[] = [];
  while (!unpacker.done) {
    const [id, topic, payload, flags] = [unpacker.text(), unpacker.text(), unpacker.bytes(), unpacker.whole()];
    const [arrivedAtMs, clockMs] = [unpacker.number(), unpacker.number()];
    const runs: StoredRun[] = [];
    for (let left = unpacker.whole(); left > 0; left--) runs.push({ task: unpacker.text(), seed: unpacker.number() });
    events.push({ id, topic, payload, ...deliveryOf(flags), arrivedAtMs, clockMs, runs, ...chainOf(flags, unpacker) });
  }
  return events;
}

export function packMessages(messages: readonly StoredMessage[]): Uint8Array {
  const packer = new Packer();
  for (const { topic, payload, qos, retain, origin } of messages) {
    packer.text(origin.id);
    packer.text(origin.source);
    packer.number(origin.timeMs);
    packer.text(topic);
    packer.bytes(payload);
    packer.whole(flagsOf({ qos, retain }, origin.chain));
    if (origin.chain !== undefined) packer.text(origin.chain);
  }
  return packer.packed();
}

export function unpackMessages(packed: Uint8Array): StoredMessage[] {
  const unpacker = new Unpacker(packed);
  const messages: StoredMessage[] = [];
  while (!unpacker.done) {
    const origin = { id: unpacker.text(), source: unpacker.text(), timeMs: unpacker.number() };
    const [topic, payload, flags] = [unpacker.text(), unpacker.bytes(), unpacker.whole()];
    messages.push({ topic, payload, ...deliveryOf(flags), origin: { ...origin, ...chainOf(flags, unpacker) } });
  }
  return messages;
}

export function packDeliveries(deliveries: readonly Delivery[]): Uint8Array {
  const packer = new Packer();
  for (const { packetId, fingerprint } of deliveries) {
    packer.whole(packetId);
    packer.whole(fingerprint);
  }
  return packer.packed();
}

export function unpackDeliveries(packed: Uint8Array): Delivery[] {
  const unpacker = new Unpacker(packed);
  const deliveries: Delivery[] = [];
  while (!unpacker.done) deliveries.push({ packetId: unpacker.whole(), fingerprint: unpacker.whole() });
  return deliveries;
}

function flagsOf({ qos, retain }: { qos: QoS; retain: boolean }, chain: string | undefined): number {
  return qos + (retain ? RETAIN : 0) + (chain === undefined ? 0 : CHAIN);
}

function chainOf(flags: number, unpacker: Unpacker): { readonly chain?: string } {
  return (flags & CHAIN) === 0 ? {} : { chain: unpacker.text() };
}

function deliveryOf(flags: number): { readonly qos: QoS; readonly retain: boolean } {
  const level = flags & 3;
  return { qos: level === 2 ? 2 : level === 1 ? 1 : 0, retain: (flags & RETAIN) !== 0 };
}
