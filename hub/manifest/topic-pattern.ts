import { filterFault } from '../../runtime/index.js';
import { MANIFEST_BOUNDS } from './limits.js';
import { TIMER_LEVEL } from './timer-rule.js';

/** A level of a topic that has a name. */
interface Capture {
  readonly name: string;
  /** Index of the level, from 0. */
  readonly level: number;
}

/** An MQTT topic filter some of whose single-level wildcards have names. */
export interface TopicPattern {
  /** As it is subscribed to: "zigbee2mqtt/+/climate". */
  readonly filter: string;
  readonly captures: readonly Capture[];
}

export type ParsedPattern =
  | { readonly ok: true; readonly pattern: TopicPattern }
  | { readonly ok: false; readonly fault: string };

const CAPTURE = /^\{([a-z][A-Za-z0-9_]{0,31})\}$/;

/** Reads a pattern such as "zigbee2mqtt/{room}/climate": `{room}` matches like `+`. */
export function parsePattern(text: string): ParsedPattern {
  const captures: Capture[] = [];
  const levels = text.split('/');
  if (levels.length > MANIFEST_BOUNDS.filterLevels) {
    return fault(`must have at most ${MANIFEST_BOUNDS.filterLevels} levels: it has ${levels.length}`);
  }
  for (const [level, part] of levels.entries()) {
    if (!part.includes('{') && !part.includes('}')) continue;
    const name = CAPTURE.exec(part)?.[1];
    if (name === undefined) {
      return fault(
        `a capture must be a whole level such as "{room}", its name a small letter then letters, digits or _: "${part}" is not`,
      );
    }
    if (name === 'topic') return fault('"{topic}" stands for the whole topic: give this capture another name');
    if (captures.some((capture) => capture.name === name)) {
      return fault(`the capture "{${name}}" is there twice: give each its own name`);
    }
    captures.push({ name, level });
    levels[level] = '+';
  }
  const filter = levels.join('/');
  if (filter === '$share' || filter.startsWith('$share/')) {
    return fault(
      'a shared subscription ($share/...) would let the hub see only some of the events: name the filter alone',
    );
  }
  if (levels[0] === TIMER_LEVEL) {
    return fault(`topics below "${TIMER_LEVEL}" are those of timers: write cron or every instead of a topic`);
  }
  const problem = filterFault(filter);
  return problem === undefined ? { ok: true, pattern: { filter, captures } } : fault(problem);
}

/** What the captures of a pattern matched in a topic that its filter matches. */
export function capturesOf(pattern: TopicPattern, topic: string): Readonly<Record<string, string>> {
  if (pattern.captures.length === 0) return NONE;
  const levels = topic.split('/');
  return Object.freeze(Object.fromEntries(pattern.captures.map(({ name, level }) => [name, levels[level] ?? ''])));
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});

function fault(text: string): ParsedPattern {
  return { ok: false, fault: text };
}
