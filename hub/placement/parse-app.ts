/** app.toml -> App. Pure: nothing is looked up on disk. */
import { filterFault } from '../../runtime/index.js';
import { parseDurationMs, parseToml } from '../manifest/index.js';
import { App, type Edge } from './app.js';
import { MODES, MOVING_BOUNDS, movingPreferences, RESPONSIBLE, type MovingPreferences } from './moving-preferences.js';
import { DEVICE_CLASS, PLACEMENT_POLICIES, type PlacementPolicy } from './policy.js';

export type ParsedApp =
  | { readonly ok: true; readonly app: App }
  /** At least one, each naming its key. */
  | { readonly ok: false; readonly problems: readonly string[] };

const MOST = { tasks: 1_024, edges: 4_096, filters: 256 } as const;

/** @param file How the file is called in problems. */
export function parseApp(source: string, file: string): ParsedApp {
  const toml = parseToml(source);
  if (!toml.ok) return { ok: false, problems: [`${file}:${toml.line}: ${toml.message}`] };
  const reader = new TableReader(file);
  const root = reader.table(toml.value, '', ['name', 'placement', 'tasks', 'edges', 'preferences']);
  const placement = reader.table(root['placement'] ?? {}, 'placement', ['default', 'private', 'checked', 'migration']);
  const preferences = reader.table(root['preferences'] ?? {}, 'preferences', [
    'metered',
    'battery',
    'hot',
    'heat',
    'device',
  ]);
  const byDefault = reader.oneOf(placement['default'] ?? 'auto', 'placement.default', PLACEMENT_POLICIES);
  const tasks = new Map<string, PlacementPolicy>();
  const devices = new Map<string, string>();
  const moving = new Map<string, MovingPreferences>();
  const named = Object.entries(reader.table(root['tasks'] ?? {}, 'tasks', undefined));
  if (named.length > MOST.tasks)
    reader.refuse('tasks', `must be at most ${MOST.tasks} tables: these are ${named.length}`);
  for (const [name, value] of named.slice(0, MOST.tasks)) {
    const table = reader.table(value, `tasks.${name}`, ['placement', 'device', ...MOVING_KEYS]);
    tasks.set(name, reader.oneOf(table['placement'] ?? byDefault, `tasks.${name}.placement`, PLACEMENT_POLICIES));
    const device = reader.device(table['device'], `tasks.${name}.device`);
    if (device !== undefined) devices.set(name, device);
    moving.set(name, movingIn(table, `tasks.${name}`, reader));
  }
  const edges = reader.list(root['edges'] ?? [], 'edges', MOST.edges).map((value, i): Edge => {
    const table = reader.table(value, `edges[${i + 1}]`, ['from', 'topic', 'to']);
    const text = (key: string): string => reader.text(table[key], `edges[${i + 1}].${key}`);
    return { from: text('from'), topic: reader.filter(text('topic'), `edges[${i + 1}].topic`), to: text('to') };
  });
  const privateTopics = reader
    .list(placement['private'] ?? [], 'placement.private', MOST.filters)
    .map((value, i) => reader.filter(reader.text(value, `placement.private[${i + 1}]`), `placement.private[${i + 1}]`));
  const app = new App({
    name: reader.text(root['name'], 'name'),
    edges,
    privateTopics,
    preferences: {
      avoidMetered:
        reader.oneOf(preferences['metered'] ?? 'avoid', 'preferences.metered', ['avoid', 'allow']) === 'avoid',
      batteryWeight: reader.number(preferences['battery'] ?? 2, 'preferences.battery', 1, 100),
      hotFrom: reader.number(preferences['hot'] ?? 80, 'preferences.hot', 30, 120),
      heatWeight: reader.number(preferences['heat'] ?? 2, 'preferences.heat', 1, 100),
      device: reader.device(preferences['device'], 'preferences.device'),
    },
    checked: reader.number(placement['checked'] ?? 0.01, 'placement.checked', 0, 1),
    migration: reader.oneOf(placement['migration'] ?? 'by-hand', 'placement.migration', ['by-hand', 'auto']),
    byDefault,
    tasks,
    devices,
    moving,
  });
  return reader.problems.length === 0 ? { ok: true, app } : { ok: false, problems: reader.problems };
}

const MOVING_KEYS = ['responsible', 'mode', 'point', 'reclaim'] as const;

function movingIn(table: Readonly<Record<string, unknown>>, key: string, reader: TableReader): MovingPreferences {
  const { least, pointMs, reclaimMs } = MOVING_BOUNDS;
  return movingPreferences({
    responsible: reader.oneOf(table['responsible'] ?? 'auto', `${key}.responsible`, RESPONSIBLE),
    mode: reader.oneOf(table['mode'] ?? 'auto', `${key}.mode`, MODES),
    pointMs: reader.duration(table['point'], `${key}.point`, [least, pointMs]),
    reclaimMs: reader.duration(table['reclaim'], `${key}.reclaim`, [least, reclaimMs]),
  });
}

/** Reads values and notes what is wrong with them, so that all of it is told at once. */
class TableReader {
  readonly problems: string[] = [];

  constructor(readonly file: string) {}

  table(value: unknown, key: string, known: readonly string[] | undefined): Readonly<Record<string, unknown>> {
    if (!isTable(value)) {
      this.refuse(key, 'must be a table');
      return {};
    }
    for (const name of Object.keys(value)) {
      if (known?.includes(name) === false) {
        this.refuse(
          key === '' ? name : `${key}.${name}`,
          `there is no such key: the keys here are ${known.join(', ')}`,
        );
      }
    }
    return value;
  }

  list(value: unknown, key: string, most: number): readonly unknown[] {
    if (Array.isArray(value) && value.length <= most) return value;
    this.refuse(key, `must be a list of at most ${most}`);
    return [];
  }

  text(value: unknown, key: string): string {
    if (typeof value === 'string' && value !== '') return value;
    this.refuse(key, 'must be a text');
    return '';
  }

  /** A class of device, as `sterna provider --device` has it; undefined when it is left out. */
  device(value: unknown, key: string): string | undefined {
    if (value === undefined || (typeof value === 'string' && DEVICE_CLASS.test(value))) return value;
    this.refuse(key, 'must be a word of small letters, digits and -, such as "server"');
    return undefined;
  }

  filter(value: string, key: string): string {
    const fault = filterFault(value);
    if (fault !== undefined) this.refuse(key, `must be an MQTT topic filter: ${fault}`);
    return value;
  }

  number(value: unknown, key: string, least: number, most: number): number {
    if (typeof value === 'number' && value >= least && value <= most) return value;
    this.refuse(key, `must be a number from ${least} to ${most}`);
    return least;
  }

  /** In milliseconds; undefined when it is left out. */
  duration(value: unknown, key: string, [least, most]: readonly [number, number]): number | undefined {
    if (value === undefined) return undefined;
    const parsed = typeof value === 'string' ? parseDurationMs(value) : undefined;
    if (parsed?.ok === true && parsed.amount >= least && parsed.amount <= most) return parsed.amount;
    this.refuse(key, `must be a duration from ${least} ms to ${most / 1_000} s, such as "1 s"`);
    return undefined;
  }

  oneOf<Choice extends string>(value: unknown, key: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    this.refuse(key, `must be one of ${choices.join(', ')}`);
    return choices[0];
  }

  refuse(key: string, message: string): void {
    this.problems.push(`${this.file}: ${key === '' ? 'the file' : key}: ${message}`);
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  // A date of TOML is an object, too.
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
