import { Qlobber } from 'qlobber';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';

interface Entry<T> {
  readonly beginsWithWildcard: boolean;
  readonly value: T;
}

/** Values by topic filter, found by topic in a time that hardly grows with their number. */
export class TopicIndex<T> {
  readonly #filters = new Qlobber<Entry<T>>({
    separator: '/',
    wildcard_one: '+',
    wildcard_some: '#',
    match_empty_levels: true,
    // It throws beyond: a topic has at most one level more than it has bytes.
    max_words: RUNTIME_BOUNDS.topicBytes + 1,
  });

  /** @param filter A valid topic filter. */
  add(filter: string, value: T): void {
    this.#filters.add(filter, { beginsWithWildcard: filter.startsWith('+') || filter.startsWith('#'), value });
  }

  /** The values of all filters that match, in no particular order. */
  match(topic: string): T[] {
    // The library lets a wildcard match $SYS; MQTT does not (3.1.1, section 4.7.2).
    const reserved = topic.startsWith('$');
    const values: T[] = [];
    for (const entry of this.#filters.match(topic)) {
      if (!(reserved && entry.beginsWithWildcard)) values.push(entry.value);
    }
    return values;
  }
}
