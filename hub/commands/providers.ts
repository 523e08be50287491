import { placementOf, type ProviderStatus } from '../api/index.js';
import { fuelText, printable, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { placedTasksTable, WITHOUT_APP } from './placed-tasks.js';
import { thereText } from './task-there.js';

/** What a provider may say, as long as a person reads on. */
const SAID = 300;
const DEVICE_LENGTH = 32;

/** `sterna providers`: how the sessions of a running hub are, what its providers take, and what waits for them. */
export function providersCommand(options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get('/v1/placement');
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const print = (header: readonly string[], rows: readonly (readonly string[])[]): void => {
      for (const line of textTable(header, rows)) out.write(`${line}\n`);
    };
    const { providers, tasks, conditions } = placementOf(answer);
    if (conditions.onBattery === undefined) {
      out.write(`${WITHOUT_APP}\n`);
      return 0;
    }
    if (providers.length === 0) out.write('this hub has no provider: sterna provider add TOKEN, and start it again\n');
    else {
      print(
        ['provider', 'address', 'device', 'state', 'threads', 'fuel/s', 'runs', 'round trip', 'why'],
        providers.map(rowOf),
      );
    }
    out.write('\n');
    const there = providers.flatMap(({ name, tasks: asked }) =>
      asked.map((task) => [name, task.task, printable(thereText(task), SAID)]),
    );
    if (there.length > 0) {
      print(['provider', 'task', 'there'], there);
      out.write('\n');
    }
    for (const line of placedTasksTable(tasks)) out.write(`${line}\n`);
    const waiting = tasks.filter(({ waitsFor }) => waitsFor !== undefined);
    if (waiting.length > 0) out.write('\n');
    for (const { task, waitsFor = '' } of waiting)
      out.write(`${task}: its runs wait, as ${printable(waitsFor, SAID)}\n`);
    return 0;
  });
}

function rowOf({ name, url, device, state, capacity, runs, roundTripMs, reason }: ProviderStatus): readonly string[] {
  const { threads, fuelPerSecond } = capacity ?? { threads: undefined, fuelPerSecond: 0 };
  return [
    name,
    url,
    printable(device ?? '', DEVICE_LENGTH),
    state,
    String(threads ?? ''),
    // Nothing has been executed there yet.
    fuelPerSecond === 0 ? '' : fuelText(fuelPerSecond),
    String(runs),
    typeof roundTripMs === 'number' ? `${roundTripMs.toFixed(1)} ms` : '',
    printable(reason, SAID),
  ];
}
