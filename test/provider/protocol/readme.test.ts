import { readFileSync } from 'node:fs';
import t from 'tap';
import { HUB_MESSAGES, PROVIDER_MESSAGES } from './example-messages.js';

/** Objects whose names are the hub's own. */
const RECORDS: ReadonlySet<string> = new Set(['captures', 'config', 'buckets']);

t.test('README.md names each message and each field of it', (t) => {
  const readme = readFileSync(new URL('../../../../provider/README.md', import.meta.url), 'utf8');
  const names = new Set<string>();
  for (const message of [...HUB_MESSAGES, ...PROVIDER_MESSAGES]) {
    names.add(message.type);
    for (const name of fieldsOf(message)) names.add(name);
  }
  t.ok(names.size > 60, `${names.size} names`);
  for (const name of names) t.ok(readme.includes(`\`${name}\``), name);
  t.end();
});

function* fieldsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const item of value) yield* fieldsOf(item);
    return;
  }
  for (const [name, inner] of Object.entries(value) as readonly [string, object | undefined][]) {
    yield name;
    if (!RECORDS.has(name)) yield* fieldsOf(inner);
    else yield* fieldsOf(Object.entries(inner ?? {}).map(([, item]: [string, unknown]) => item));
  }
}
