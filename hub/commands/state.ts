import { bucketsOf, keysOf, valueOf, type ApiClient } from '../api/index.js';
import { bytesText, printable, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface StateOptions extends AskOptions {
  /** Only keys that begin with it. */
  readonly prefix: string;
  /** Keys at most. */
  readonly limit: number;
}

/** What of a value fits a screen. */
const VALUE_LENGTH = 10_000;

/** `sterna state [BUCKET [KEY]]`: the buckets of a running hub, the keys of one, or a value. */
export function stateCommand(
  bucket: string | undefined,
  key: string | undefined,
  options: StateOptions,
  out: Output,
): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get(pathOf(bucket, key, options));
    if (options.json) printJson(out, answer);
    else if (bucket === undefined) printBuckets(answer, out);
    else if (key === undefined) printKeys(bucket, answer, out);
    else out.write(`${valueText(valueOf(answer))}\n`);
    return 0;
  });
}

function pathOf(
  bucket: string | undefined,
  key: string | undefined,
  { prefix, limit }: StateOptions,
): Parameters<ApiClient['get']>[0] {
  if (bucket === undefined) return '/v1/state';
  const path = `/v1/state/${encodeURIComponent(bucket)}`;
  if (key === undefined) return `${path}?${new URLSearchParams({ prefix, limit: String(limit) }).toString()}`;
  return `${path}/value?${new URLSearchParams({ key }).toString()}`;
}

function printBuckets(answer: unknown, out: Output): void {
  const rows = bucketsOf(answer).map(({ bucket, keys, bytes }) => [bucket, String(keys), bytesText(bytes)]);
  for (const line of textTable(['bucket', 'keys', 'bytes'], rows)) out.write(`${line}\n`);
}

function printKeys(bucket: string, answer: unknown, out: Output): void {
  const { keys, after } = keysOf(answer);
  if (keys.length === 0) {
    out.write(`no such key in ${printable(bucket, 120)}: "sterna state" lists the buckets that have any\n`);
    return;
  }
  const rows = keys.map(({ key, bytes, version }) => [printable(key, 120), bytesText(bytes), String(version)]);
  for (const line of textTable(['key', 'bytes', 'version'], rows)) out.write(`${line}\n`);
  if (after !== undefined) out.write('there may be more: see --limit and --prefix\n');
}

/** A text as it is, and anything else as base64. */
function valueText(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && /^[\P{Cc}\t\n]*$/u.test(text) ? printable(text, VALUE_LENGTH) : base64;
}
