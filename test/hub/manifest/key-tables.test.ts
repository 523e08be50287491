import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { formatProblem, manifestJsonSchema, parseManifest, type Manifest } from '../../../hub/manifest/index.js';
import { PACKAGE_ROOT } from '../../package-root.js';

interface Row {
  /** "limits.fuel" */
  readonly key: string;
  /** As TOML; undefined where the table has none. */
  readonly byDefault: string | undefined;
}

const ROW = /^\| `([\w.]+)` \| (?:`([^`]+)`)? \| /gm;

const rows: readonly Row[] = Array.from(
  readFileSync(path.join(PACKAGE_ROOT, 'hub/MANIFEST.md'), 'utf8').matchAll(ROW),
  ([, key = '', byDefault]) => ({ key, byDefault }),
);

/** Tables whose keys are the author's, or that are shown by their keys alone. */
const SECTIONS = new Set(['trigger', 'limits', 'schedule', 'retry', 'quarantine', 'checkpoint', 'grants']);

/** The keys of a JSON Schema, those within tables and lists of tables too. */
function keysOf(schema: unknown, prefix = ''): readonly string[] {
  const table = fieldOf(schema, 'items') ?? schema;
  return Object.entries(fieldOf(table, 'properties') ?? {}).flatMap(([name, inner]) => {
    const key = `${prefix}${name}`;
    return [...(SECTIONS.has(key) ? [] : [key]), ...keysOf(inner, `${key}.`)];
  });
}

function fieldOf(value: unknown, name: string): object | undefined {
  const field: unknown =
    typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  return typeof field === 'object' && field !== null ? field : undefined;
}

/** What else there must be in a trigger for a key of it to mean something. */
const NEEDED: Readonly<Record<string, string>> = {
  'trigger.catchUp': 'every = "5 min"',
  'trigger.dedupe.by': 'topic = "a"\ndedupe.window = "1 s"',
  'trigger.throttle.leading': 'topic = "a"\nthrottle.every = "1 s"',
  'trigger.throttle.trailing': 'topic = "a"\nthrottle.every = "1 s"',
};

/** A manifest that has a line more at its top, and one in its trigger. */
function manifestOf(top: string, inTrigger: string): Manifest {
  const parsed = parseManifest(`name = "a"\nversion = "1.0.0"\n${top}\n[[trigger]]\n${inTrigger}\n`, 'task.toml');
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.manifest;
}

t.test('MANIFEST.md has each key that a manifest may have, and no other', (t) => {
  const keys = rows.map(({ key }) => key);
  t.strictSame([...keys].toSorted(), [...keysOf(manifestJsonSchema())].toSorted());
  t.end();
});

t.test('saying what MANIFEST.md says is the default changes nothing', (t) => {
  for (const { key, byDefault } of rows) {
    if (byDefault === undefined) continue;
    const needed = NEEDED[key] ?? 'topic = "a"';
    const said = key.startsWith('trigger.')
      ? manifestOf('', `${needed}\n${key.slice('trigger.'.length)} = ${byDefault}`)
      : manifestOf(`${key} = ${byDefault}`, needed);
    t.same(said, manifestOf('', needed), `${key} = ${byDefault}`);
  }
  t.end();
});
