import { textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

/** `sterna providers`: how the sessions of a running hub are. */
export function providersCommand(options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get('/v1/placement');
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const providers = rowsOf(answer, 'providers').map((row) => {
      const roundTrip = typeof row['roundTripMs'] === 'number' ? `${row['roundTripMs'].toFixed(1)} ms` : '';
      return [
        cell(row['name']),
        cell(row['url']),
        cell(row['device']),
        cell(row['state']),
        cell(row['runs']),
        roundTrip,
        cell(row['reason']),
      ];
    });
    const header = ['provider', 'address', 'device', 'state', 'runs', 'round trip', 'why'];
    for (const line of textTable(header, providers)) out.write(`${line}\n`);
    out.write('\n');
    const tasks = rowsOf(answer, 'tasks').map((row) => [cell(row['task']), cell(row['policy']), cell(row['reason'])]);
    for (const line of textTable(['task', 'placement', 'why'], tasks)) out.write(`${line}\n`);
    return 0;
  });
}

function rowsOf(answer: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  if (typeof answer !== 'object' || answer === null) return [];
  const rows: unknown = Object.entries(answer).find(([key]) => key === name)?.[1];
  return Array.isArray(rows) ? rows.map((row: unknown) => Object.fromEntries(Object.entries(row ?? {}))) : [];
}

function cell(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
