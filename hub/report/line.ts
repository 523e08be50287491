/** One observation as text for a person. Pure. */
import type { Observation } from '../observations.js';
import { showChain } from '../loops/index.js';
import type { Weight } from './pace.js';
import type { Paint } from './paint.js';
import { printable, printablePayload } from './printable.js';
import { bytesText, durationText, fuelText } from './quantity.js';

const TASK_WIDTH = 15;
const TOPIC_WIDTH = 30;
const OUTCOME_WIDTH = 13;
const PAYLOAD_WIDTH = 60;
const MESSAGE_WIDTH = 120;
/** Messages of one run that are shown. */
const MOST_PUBLISHED = 2;

const RELEASED = {
  recovered: 'its run completed',
  changed: 'it is another version',
  'by-hand': 'by hand',
} as const;

const PARKED = {
  priority: 'for one that is more urgent',
  'by-hand': 'by hand',
  saving: 'to be saved',
  stopping: 'until the next start',
  'new-version': 'to begin anew on the new version',
} as const;

const MOVED: Readonly<
  Record<
    Extract<Observation, { kind: 'run-moved' }>['what'],
    { readonly word: string; readonly place: (provider: string) => string }
  >
> = {
  there: { word: 'moved', place: (provider) => `to ${provider}` },
  here: { word: 'moved', place: (provider) => `here, from ${provider}` },
  linked: { word: 'linked', place: (provider) => `with ${provider}` },
  'link-lost': { word: 'link lost', place: (provider) => `with ${provider}` },
};

type Finished = Extract<Observation, { kind: 'run-finished' }>;

/** How much a line matters: to be shown always, as far as the pace allows, or only counted. */
export function weightOf(seen: Observation): Weight | 'always' | 'none' {
  switch (seen.kind) {
    case 'task-loaded':
    case 'task-removed':
    case 'task-refused':
    case 'started':
    case 'task-quarantined':
    case 'task-released':
      return 'always';
    case 'draining':
      return seen.runs === 0 ? 'none' : 'always';
    case 'run-finished': {
      const dull = seen.outcome.kind === 'completed' && !seen.effects.some(({ kind }) => kind === 'publish');
      return dull ? 'ordinary' : 'notable';
    }
    case 'run-retried':
    case 'run-parked':
    case 'run-resumed':
    case 'run-restarted':
    case 'run-set-apart':
    case 'run-moved':
      return 'notable';
    case 'event-held':
      return 'ordinary';
    case 'intake-paused':
    case 'intake-resumed':
    case 'firings-missed':
      return 'notable';
    case 'event-refused':
      return seen.reason === 'no-task' ? 'none' : 'notable';
    case 'event-dropped':
      return seen.reason === 'loop' ||
        seen.reason === 'overflow' ||
        seen.reason === 'expired' ||
        seen.reason === 'removed' ||
        seen.reason === 'no-trigger' ||
        seen.reason === 'quarantined'
        ? 'notable'
        : 'none';
    case 'publish-failed':
      return 'notable';
    default:
      // What a run published is shown with the run; the rest is for the summary.
      return 'none';
  }
}

/** The line, or lines, to show; empty for what is only counted. */
export function lineOf(seen: Observation, paint: Paint): string {
  switch (seen.kind) {
    case 'task-loaded': {
      const what = `${seen.task} ${seen.version}`.padEnd(TASK_WIDTH + 8);
      const size = bytesText(seen.componentBytes).padStart(9);
      return `  loaded    ${what} ${size}   wakes on ${printable(seen.filters.join(', '), 200)}`;
    }
    case 'task-removed':
      return `  removed   ${seen.task} ${seen.version}`;
    case 'task-refused': {
      const problems = seen.problems.map((why) => `            ${printable(why, 500)}`);
      return [`  ${paint.bad('refused')}   ${printable(seen.source, 200)}`, ...problems].join('\n');
    }
    case 'started':
      return `ready: ${counted(seen.tasks, 'task')} on ${counted(seen.filters.length, 'topic filter')}, at the broker ${seen.broker}${seen.isBrokerAway === true ? '; it is not there yet' : ''}`;
    case 'run-finished':
      return finished(seen, paint);
    case 'run-retried': {
      const why = `${seen.outcome.kind}; again in ${durationText(seen.waitMs)} (attempt ${seen.attempt + 1})`;
      return row(seen.task, seen.event.topic, paint.bad(label('failed')), why);
    }
    case 'run-parked':
      return row(
        seen.task,
        '',
        paint.quiet(label('parked')),
        `${PARKED[seen.reason]}; fuel ${fuelText(seen.fuel)} so far`,
      );
    case 'run-resumed':
      return row(seen.task, '', paint.quiet(label('goes on')), `after fuel ${fuelText(seen.fuel)}`);
    case 'run-restarted':
      return row(seen.task, '', paint.bad(label('begins anew')), printable(seen.reason, MESSAGE_WIDTH));
    case 'run-set-apart': {
      const text = `it has its thread for ${durationText(seen.heldMs)} while others wait: they get another`;
      return row(seen.task, '', paint.quiet(label('set apart')), text);
    }
    case 'run-moved': {
      const { word, place } = MOVED[seen.what];
      const text = `${place(seen.provider)}, epoch ${seen.epoch}, point ${seen.point}: ${printable(seen.why, MESSAGE_WIDTH)}`;
      return row(seen.task, '', paint.quiet(label(word)), text);
    }
    case 'task-quarantined': {
      const until = new Date(seen.untilMs).toISOString();
      const runs = seen.failures === 1 ? 'its last run' : `its last ${seen.failures} runs`;
      const text = `${runs} failed; its events wait, and one is tried at ${until}`;
      return row(seen.task, '', paint.bad(label('quarantined')), text);
    }
    case 'task-released':
      return row(seen.task, '', paint.good(label('released')), RELEASED[seen.reason]);
    case 'event-refused':
      return row(
        seen.task ?? '',
        seen.topic,
        paint.bad(label('not taken')),
        seen.isKept === true ? `${seen.reason}; kept as a dead letter` : seen.reason,
      );
    case 'event-held':
      return row(
        seen.task ?? '',
        seen.topic,
        paint.quiet(label('held')),
        seen.task === undefined ? 'the hub is full' : 'its queue is full',
      );
    case 'intake-paused':
      return `${paint.bad('not reading')}: ${seen.events} events of ${bytesText(seen.bytes)} are unacknowledged; the broker keeps the rest`;
    case 'intake-resumed':
      return `reading again: ${seen.events} events are unacknowledged`;
    case 'event-dropped': {
      const why = seen.chain === undefined ? seen.reason : `it wakes itself: ${showChain(seen.chain)}`;
      return row(seen.task, seen.topic, paint.bad(label('dropped')), printable(why, MESSAGE_WIDTH));
    }
    case 'firings-missed': {
      // Of `all` that are too many, those beyond the bound are not counted.
      const count = seen.count === 0 ? 'earlier' : `${seen.count}${seen.orMore ? ' or more' : ''}`;
      const rest = seen.caughtUp === 0 ? '' : `; ${seen.caughtUp} after them are caught up on`;
      return row(seen.task, `timer ${seen.timer}`, paint.bad(label('missed')), `${count} firings${rest}`);
    }
    case 'publish-failed':
      return row(seen.task, seen.topic, paint.bad(label('unpublished')), printable(seen.message, MESSAGE_WIDTH));
    case 'draining':
      return `stopping: ${seen.runs} runs are finished first`;
    default:
      return '';
  }
}

function finished(seen: Finished, paint: Paint): string {
  const { outcome, usage } = seen;
  const completed = outcome.kind === 'completed';
  const figures = [
    `fuel ${fuelText(usage.fuel).padStart(6)}`,
    bytesText(usage.peakMemoryBytes).padStart(8),
    durationText(usage.wallMs).padStart(8),
  ].join('  ');
  const tail = completed ? published(seen) : paint.bad(printable(complaint(seen), MESSAGE_WIDTH));
  const ended = completed ? paint.good(label(outcome.kind)) : paint.bad(label(outcome.kind));
  return row(seen.task, seen.event.topic, ended, `${paint.quiet(figures)}  ${tail}`).trimEnd();
}

function published({ effects }: Finished): string {
  const texts: string[] = [];
  for (const effect of effects) {
    if (effect.kind !== 'publish') continue;
    if (texts.length === MOST_PUBLISHED) {
      texts.push('...');
      break;
    }
    texts.push(`-> ${printable(effect.topic, 60)} ${printablePayload(effect.payload, PAYLOAD_WIDTH)}`);
  }
  return texts.join('  ');
}

/** Why a run was stopped: in the outcome's words, or the last the guest said. */
function complaint({ outcome, log }: Finished): string {
  const said = 'message' in outcome ? outcome.message : '';
  const last = log.findLast(({ level }) => level === 'error' || level === 'critical')?.message;
  return said !== '' ? said : (last ?? 'stopped; nothing of it takes effect');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function row(task: string, topic: string, outcome: string, rest: string): string {
  return `${printable(task, TASK_WIDTH).padEnd(TASK_WIDTH)} ${printable(topic, TOPIC_WIDTH).padEnd(TOPIC_WIDTH)} ${outcome} ${rest}`;
}

function label(text: string): string {
  return text.padEnd(OUTCOME_WIDTH);
}
