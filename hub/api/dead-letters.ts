/** What the API answers about dead letters, and about tasks that are quarantined. */
import type { Control } from '../control/index.js';
import { letterIdOf, letterName, type DeadLetters } from '../dead-letters/index.js';
import type { DeadLetter, LetterSummary } from '../store/index.js';
import { API_BOUNDS } from './limits.js';
import { noTaskText } from './route.js';

/** What a request says, as far as these routes look at it. */
interface Asked {
  param(name: string): string | undefined;
  query(name: string): string | undefined;
}

export interface Answered {
  readonly status: 200 | 400 | 404 | 409;
  readonly body: object;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly answer: (asked: Asked) => Answered | Promise<Answered>;
}

export interface DeadLetterParts extends Pick<Control, 'release'> {
  readonly letters: Pick<DeadLetters, 'list' | 'get' | 'redrive' | 'redriveAll' | 'purge' | 'purgeAll'>;
}

/** A letter as the API lists it. */
export interface ListedLetter extends Omit<LetterSummary, 'id'> {
  readonly id: string;
  readonly kind: 'run' | 'message';
}

export function deadLetterRoutes(hub: DeadLetterParts): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/dead-letters', answer: (asked) => listed(hub, asked) },
    { method: 'GET', path: '/v1/dead-letters/:id', answer: (asked) => shown(hub, asked) },
    { method: 'POST', path: '/v1/dead-letters/redrive', answer: (asked) => redrivenAll(hub, asked) },
    { method: 'POST', path: '/v1/dead-letters/:id/redrive', answer: (asked) => redriven(hub, asked) },
    { method: 'DELETE', path: '/v1/dead-letters', answer: (asked) => purgedAll(hub, asked) },
    { method: 'DELETE', path: '/v1/dead-letters/:id', answer: (asked) => purged(hub, asked) },
    { method: 'POST', path: '/v1/tasks/:name/release', answer: (asked) => released(hub, asked) },
  ];
}

function listed({ letters }: DeadLetterParts, asked: Asked): Answered {
  const limit = asked.query('limit') ?? '100';
  if (!/^\d{1,6}$/.test(limit) || Number(limit) > API_BOUNDS.listedLetters) {
    return { status: 400, body: { error: `limit must be a whole number up to ${API_BOUNDS.listedLetters}` } };
  }
  const found = letters.list({ task: asked.query('task'), limit: Number(limit) });
  return { status: 200, body: { letters: found.map(listedLetter) } };
}

function shown({ letters }: DeadLetterParts, asked: Asked): Answered {
  const id = letterIdOf(asked.param('id') ?? '');
  const letter = id === undefined ? undefined : letters.get(id);
  return letter === undefined ? noLetter(asked) : { status: 200, body: wholeLetter(letter) };
}

async function redriven({ letters }: DeadLetterParts, asked: Asked): Promise<Answered> {
  const id = letterIdOf(asked.param('id') ?? '');
  const answer = id === undefined ? undefined : await letters.redrive(id);
  if (answer === undefined) return noLetter(asked);
  if (answer.reason !== undefined) return { status: 409, body: { error: `it was kept: ${answer.reason}` } };
  return { status: 200, body: answer };
}

async function redrivenAll({ letters }: DeadLetterParts, asked: Asked): Promise<Answered> {
  const which = whichOf(asked);
  return which === undefined ? sayWhich() : { status: 200, body: await letters.redriveAll(which.task) };
}

async function purged({ letters }: DeadLetterParts, asked: Asked): Promise<Answered> {
  const id = letterIdOf(asked.param('id') ?? '');
  const had = id !== undefined && (await letters.purge(id));
  return had ? { status: 200, body: { purged: 1 } } : noLetter(asked);
}

async function purgedAll({ letters }: DeadLetterParts, asked: Asked): Promise<Answered> {
  const which = whichOf(asked);
  return which === undefined ? sayWhich() : { status: 200, body: { purged: await letters.purgeAll(which.task) } };
}

function released(hub: DeadLetterParts, asked: Asked): Answered {
  const name = asked.param('name') ?? '';
  const was = hub.release(name);
  if (was === undefined) return { status: 404, body: { error: noTaskText(name) } };
  return { status: 200, body: { task: name, released: was } };
}

/** All letters only when that is what was said: one word that was left out is not to empty the queue. */
function whichOf(asked: Asked): { readonly task: string | undefined } | undefined {
  const task = asked.query('task');
  return task === undefined && asked.query('all') !== 'true' ? undefined : { task };
}

function sayWhich(): Answered {
  return { status: 400, body: { error: 'say which: ?task=NAME, or ?all=true' } };
}

function noLetter(asked: Asked): Answered {
  return {
    status: 404,
    body: { error: `there is no dead letter "${asked.param('id') ?? ''}": "sterna dlq list" lists those there are` },
  };
}

function listedLetter({ id, ...rest }: LetterSummary): ListedLetter {
  return { id: letterName(id), kind: id.kind, ...rest };
}

function wholeLetter(letter: DeadLetter): object {
  const head = listedLetter(letter.summary);
  if (letter.kind === 'message') {
    const { payload, qos, retain, origin } = letter.message;
    return { ...head, qos, retain, effect: origin.id, payload: base64(payload) };
  }
  const { id, payload, qos, retain, arrivedAtMs } = letter.event;
  const evidence: unknown = JSON.parse(letter.evidence);
  return { ...head, event: id, qos, retain, arrivedAtMs, payload: base64(payload), evidence };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
