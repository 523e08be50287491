import { lettersOf, type ApiClient, type ListedLetter } from '../api/index.js';
import { bytesText, printable, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { momentText } from './run-words.js';
import { readable } from './shown-bytes.js';

/** Which letters: one, those of a task, or all. */
export interface WhichLetters {
  readonly id: string | undefined;
  readonly task: string | undefined;
  readonly all: boolean;
}

/** `sterna dlq list`: what was given up, the latest first. */
export function dlqListCommand(
  options: AskOptions & { readonly task: string | undefined; readonly limit: number },
  out: Output,
): Promise<number> {
  return asking(options, async (client) => {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.task !== undefined) query.set('task', options.task);
    const answer = await client.get(`/v1/dead-letters?${query.toString()}`);
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const header = ['letter', 'at', 'task', 'attempts', 'payload', 'topic', 'why'];
    for (const line of textTable(header, lettersOf(answer).map(rowOf))) out.write(`${line}\n`);
    return 0;
  });
}

/** `sterna dlq show ID`: all that is kept of one. Its payload is shown as text where it is. */
export function dlqShowCommand(id: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get(`/v1/dead-letters/${encodeURIComponent(id)}`);
    if (options.json) printJson(out, answer);
    else out.write(`${JSON.stringify(shownLetter(answer), undefined, 2)}\n`);
    return 0;
  });
}

/** `sterna dlq redrive`: sends events to their tasks, and messages to the broker, anew. Answers with 0 if all went. */
export function dlqRedriveCommand(which: WhichLetters, options: AskOptions, out: Output): Promise<number> {
  return forLetters(which, options, async (client) => {
    const { id } = which;
    const path = id === undefined ? `redrive?${queryOf(which)}` : `${encodeURIComponent(id)}/redrive`;
    const answer = await client.post(`/v1/dead-letters/${path}`, {});
    const [redriven, left, reason] = [fieldOf(answer, 'redriven'), fieldOf(answer, 'left'), fieldOf(answer, 'reason')];
    if (options.json) printJson(out, answer);
    else out.write(`${String(redriven)} sent back${left === 0 ? '' : `; ${String(left)} kept: ${String(reason)}`}\n`);
    return left === 0 ? 0 : 1;
  });
}

/** `sterna dlq purge`: throws letters away. */
export function dlqPurgeCommand(which: WhichLetters, options: AskOptions, out: Output): Promise<number> {
  return forLetters(which, options, async (client) => {
    const path = which.id === undefined ? `?${queryOf(which)}` : `/${encodeURIComponent(which.id)}`;
    const answer = await client.delete(`/v1/dead-letters${path}`);
    if (options.json) printJson(out, answer);
    else out.write(`${String(fieldOf(answer, 'purged'))} thrown away\n`);
    return 0;
  });
}

async function forLetters(
  { id, task, all }: WhichLetters,
  options: AskOptions,
  ask: (client: ApiClient) => Promise<number>,
): Promise<number> {
  const said = [id !== undefined, task !== undefined, all].filter(Boolean).length;
  if (said === 1) return asking(options, ask);
  process.stderr.write('sterna: say which letters: one by its ID, or --task TASK, or --all\n');
  return 1;
}

function queryOf({ task }: WhichLetters): string {
  return new URLSearchParams(task === undefined ? { all: 'true' } : { task }).toString();
}

function rowOf({ id, atMs, task, attempts, payloadBytes, topic, reason }: ListedLetter): string[] {
  return [
    id,
    momentText(atMs),
    task,
    attempts === 0 ? '-' : String(attempts),
    bytesText(payloadBytes),
    printable(topic, 60),
    printable(reason, 100),
  ];
}

function shownLetter(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null ? readable({ ...answer }, 'payload') : answer;
}

function fieldOf(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null
    ? Object.entries(answer).find(([key]) => key === name)?.[1]
    : undefined;
}
