import type { OnWire, Sent } from './model-broker.js';

/** What came of all lives together. */
export interface Outcome {
  readonly sent: readonly Sent[];
  readonly wire: readonly OnWire[];
  readonly counts: ReadonlyMap<string, number>;
}

/** What of the promises was broken; nothing when all were kept. Pure. */
export function brokenPromises({ sent, wire, counts }: Outcome): readonly string[] {
  const broken: string[] = [];
  const bodies = new Map<string, OnWire>();
  for (const message of wire) {
    const before = bodies.get(message.id);
    if (before === undefined) bodies.set(message.id, message);
    else if (before.text !== message.text || before.topic !== message.topic)
      broken.push(`the effect ${message.id} was "${before.text}" and then "${message.text}"`);
  }
  // A Map keeps the order in which each effect was first heard.
  const effects = [...bodies.values()];
  const devices = new Set(sent.map(({ topic }) => topic.slice('in/'.length)));
  for (const device of devices) {
    const events = sent.filter(({ topic }) => topic === `in/${device}`);
    broken.push(...notCountedOnce(device, events, counts));
    broken.push(...notHeardInOrder(`count/${device}`, events, effects));
  }
  broken.push(...notCountedOnce('all', sent, counts), ...notHeardInOrder('total', sent, effects));
  return broken;
}

function notCountedOnce(key: string, events: readonly Sent[], counts: Outcome['counts']): readonly string[] {
  const count = counts.get(key) ?? 0;
  return count === events.length ? [] : [`${events.length} events of "${key}" were counted as ${count}`];
}

/** Each event has one effect, with a count of its own, heard first in the order of the counts. */
function notHeardInOrder(topic: string, events: readonly Sent[], effects: readonly OnWire[]): readonly string[] {
  const heard = effects.filter((effect) => effect.topic === topic).map(({ text }) => text.split(' '));
  const counts = heard.map(([count]) => count).join(' ');
  const expected = events.map((_, i) => i + 1).join(' ');
  const broken = counts === expected ? [] : [`on "${topic}" the counts ${counts} were heard`];
  const named = new Set(heard.map(([, text]) => text));
  const missing = events.filter(({ text }) => !named.has(text)).map(({ text }) => text);
  return missing.length === 0 ? broken : [...broken, `on "${topic}" nothing was heard of ${missing.join(', ')}`];
}
