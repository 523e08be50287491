import { tasksOf } from '../api/index.js';
import { bytesText, fuelText, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

/** `sterna ls`: the tasks of a running hub, and how their runs ended. */
export function lsCommand(options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get('/v1/tasks');
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const rows = tasksOf(answer).map(
      ({ name, version, waiting, retrying, quarantine, outcomes, dropped, fuel, limits, filters }) => {
        const runs = sumOf(outcomes);
        const completed = outcomes.completed ?? 0;
        const cells = [
          version,
          quarantine === undefined ? 'runs' : 'quarantined',
          waiting,
          retrying,
          runs,
          runs - completed,
          sumOf(dropped),
        ].map(String);
        return [name, ...cells, fuelText(fuel), bytesText(limits.memoryBytes), filters.join(', ')];
      },
    );
    const header = [
      'task',
      'version',
      'state',
      'waiting',
      'retrying',
      'runs',
      'not completed',
      'dropped',
      'fuel',
      'memory limit',
      'wakes on',
    ];
    for (const line of textTable(header, rows)) out.write(`${line}\n`);
    return 0;
  });
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
