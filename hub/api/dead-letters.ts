/** What the API answers about dead letters, and about tasks that are quarantined. */
import type { Control } from '../control/index.js';
import { letterIdOf, letterName, type DeadLetters } from '../dead-letters/index.js';
import type { DeadLetter, LetterSummary } from '../store/index.js';
import { API_BOUNDS } from './limits.js';
import { fault, noTaskText, queryOf, type Route } from './route.js';

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
    { method: 'GET', path: '/v1/dead-letters', answer: (request) => listed(hub, request) },
    { method: 'GET', path: '/v1/dead-letters/:id', answer: (_, { id = '' }) => shown(hub, id) },
    { method: 'POST', path: '/v1/dead-letters/redrive', answer: (request) => redrivenAll(hub, request) },
    { method: 'POST', path: '/v1/dead-letters/:id/redrive', answer: (_, { id = '' }) => redriven(hub, id) },
    { method: 'DELETE', path: '/v1/dead-letters', answer: (request) => purgedAll(hub, request) },
    { method: 'DELETE', path: '/v1/dead-letters/:id', answer: (_, { id = '' }) => purged(hub, id) },
    { method: 'POST', path: '/v1/tasks/:name/release', answer: (_, { name = '' }) => released(hub, name) },
  ];
}

function listed({ letters }: DeadLetterParts, request: Request): Response {
  const limit = queryOf(request, 'limit') ?? '100';
  if (!/^\d{1,6}$/.test(limit) || Number(limit) > API_BOUNDS.listedLetters) {
    return fault(400, `limit must be a whole number up to ${API_BOUNDS.listedLetters}`);
  }
  const found = letters.list({ task: queryOf(request, 'task'), limit: Number(limit) });
  return Response.json({ letters: found.map(listedLetter) });
}

function shown({ letters }: DeadLetterParts, name: string): Response {
  const id = letterIdOf(name);
  const letter = id === undefined ? undefined : letters.get(id);
  return letter === undefined ? noLetter(name) : Response.json(wholeLetter(letter));
}

async function redriven({ letters }: DeadLetterParts, name: string): Promise<Response> {
  const id = letterIdOf(name);
  const answer = id === undefined ? undefined : await letters.redrive(id);
  if (answer === undefined) return noLetter(name);
  return answer.reason === undefined ? Response.json(answer) : fault(409, `it was kept: ${answer.reason}`);
}

async function redrivenAll({ letters }: DeadLetterParts, request: Request): Promise<Response> {
  const which = whichOf(request);
  return which === undefined ? sayWhich() : Response.json(await letters.redriveAll(which.task));
}

async function purged({ letters }: DeadLetterParts, name: string): Promise<Response> {
  const id = letterIdOf(name);
  const had = id !== undefined && (await letters.purge(id));
  return had ? Response.json({ purged: 1 }) : noLetter(name);
}

async function purgedAll({ letters }: DeadLetterParts, request: Request): Promise<Response> {
  const which = whichOf(request);
  return which === undefined ? sayWhich() : Response.json({ purged: await letters.purgeAll(which.task) });
}

function released(hub: DeadLetterParts, name: string): Response {
  const was = hub.release(name);
  if (was === undefined) return fault(404, noTaskText(name));
  return Response.json({ task: name, released: was });
}

/** All letters only when that is what was said: one word that was left out is not to empty the queue. */
function whichOf(request: Request): { readonly task: string | undefined } | undefined {
  const task = queryOf(request, 'task');
  return task === undefined && queryOf(request, 'all') !== 'true' ? undefined : { task };
}

function sayWhich(): Response {
  return fault(400, 'say which: ?task=NAME, or ?all=true');
}

function noLetter(name: string): Response {
  return fault(404, `there is no dead letter "${name}": "sterna dlq list" lists those there are`);
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
