/**
 * The grammar of MQTT topics: names, filters, and filters with named captures.
 *
 * Rules from MQTT 3.1.1, section 4.7. Pure; used wherever a topic is checked.
 */
import { RUNTIME_BOUNDS } from './limits.js';

const utf8 = new TextEncoder();

/** Why a topic cannot be published to, or undefined if it can. */
export function topicFault(topic: string): string | undefined {
  if (topic === '') return 'a topic must not be empty';
  if (topic.includes('\0')) return 'a topic must not contain the character U+0000';
  if (topic.includes('+') || topic.includes('#')) return 'a topic must not contain the wildcards + or #';
  return lengthFault(topic);
}

/** Why a string is not a topic filter, or undefined if it is one. */
export function filterFault(filter: string): string | undefined {
  if (filter === '') return 'a topic filter must not be empty';
  if (filter.includes('\0')) return 'a topic filter must not contain the character U+0000';
  const levels = filter.split('/');
  for (const [i, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || i !== levels.length - 1)) {
      return 'the wildcard # must be the whole last level';
    }
    if (level.includes('+') && level !== '+') return 'the wildcard + must be a whole level';
  }
  return lengthFault(filter);
}

function lengthFault(text: string): string | undefined {
  if (text.length * 3 <= RUNTIME_BOUNDS.topicBytes) return undefined;
  const bytes = utf8.encode(text).length;
  if (bytes <= RUNTIME_BOUNDS.topicBytes) return undefined;
  return `a topic must be at most ${RUNTIME_BOUNDS.topicBytes} bytes of UTF-8: it has ${bytes}`;
}

/**
 * Whether a filter matches a topic. A filter that begins with a wildcard
 * does not match topics beginning with `$` (MQTT 3.1.1, section 4.7.2).
 */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  let at = 0;
  let from = 0;
  // Level by level, without taking the strings apart: this runs for every effect of every event.
  for (;;) {
    const end = levelEnd(filter, from);
    if (filter[from] === '#') return true;
    if (at > topic.length) return false;
    const topicEnd = levelEnd(topic, at);
    const any = filter[from] === '+' && end === from + 1;
    if (!any && (end - from !== topicEnd - at || !topic.startsWith(filter.slice(from, end), at))) return false;
    from = end + 1;
    at = topicEnd + 1;
    if (from > filter.length) return at > topic.length;
  }
}

/** Where the level that begins here ends. */
function levelEnd(text: string, from: number): number {
  const end = text.indexOf('/', from);
  return end < 0 ? text.length : end;
}

/** Whether every topic that `inner` matches is matched by `outer` as well. */
export function filterCovers(outer: string, inner: string): boolean {
  if (inner.startsWith('$') && (outer.startsWith('+') || outer.startsWith('#'))) return false;
  const outerLevels = outer.split('/');
  const innerLevels = inner.split('/');
  for (const [i, level] of outerLevels.entries()) {
    if (level === '#') return true;
    const other = innerLevels[i];
    if (other === undefined) return false;
    if (other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return outerLevels.length === innerLevels.length;
}
