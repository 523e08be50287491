import { readFile } from 'node:fs/promises';
import { parseApp, planTasks, type PlannedTask } from '../placement/index.js';
import { loadTasks } from '../registry/index.js';
import type { Manifest } from '../manifest/index.js';
import { placementOf } from '../api/index.js';
import { printable } from '../report/index.js';
import { asking, printJson, type Output } from './asking.js';
import { thereText } from './task-there.js';

export interface AppPlanOptions {
  readonly file: string;
  readonly tasks: readonly string[];
  readonly metered: boolean;
  readonly battery: boolean;
  /** The data folder of a running hub, whose providers are asked about; undefined for none. */
  readonly data: string | undefined;
  readonly json: boolean;
}

/**
 * `sterna app plan FILE`: what a provider would be asked to execute, with a sentence of why for each task; with a running
 * hub, also what its providers say of those that it runs.
 */
export async function appPlanCommand(options: AppPlanOptions, out: Output): Promise<number> {
  const parsed = parseApp(await readFile(options.file, 'utf8'), options.file);
  const problems = parsed.ok ? [] : [...parsed.problems];
  const manifests: Manifest[] = [];
  for await (const loaded of loadTasks(options.tasks)) {
    if (loaded.ok) manifests.push(loaded.manifest);
    else problems.push(...loaded.problems);
  }
  if (parsed.ok) problems.push(...parsed.app.faultsWith(manifests).map(({ message }) => `${options.file}: ${message}`));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (!parsed.ok || problems.length > 0) return 1;
  const conditions = { onBattery: options.battery, metered: options.metered };
  const tasks = manifests.map((manifest) => ({ manifest }));
  const planned = planTasks(tasks, parsed.app, conditions);
  const { data } = options;
  const print = (known: Known): number => {
    const tasks = planned.map((plan) => ({ ...plan, ...known(plan.task) }));
    if (options.json) printJson(out, { app: parsed.app.name, tasks });
    else for (const task of tasks) printTask(task, out);
    return 0;
  };
  if (data === undefined) return print(() => ({}));
  return asking({ data }, async (client) => print(knownOf(await client.get('/v1/placement'))));
}

/** What a running hub knows of a task. */
interface Told {
  readonly there?: readonly { readonly provider: string; readonly says: string }[];
  readonly waitsFor?: string | undefined;
  /** What it plans, and why: it also knows what is kept in its buckets. */
  readonly here?: string | undefined;
}

type Known = (task: string) => Told;

function knownOf(answer: unknown): Known {
  const { providers, tasks } = placementOf(answer);
  return (name) => ({
    there: providers.flatMap((provider) =>
      provider.tasks
        .filter(({ task }) => task === name)
        .map((task) => ({ provider: provider.name, says: thereText(task) })),
    ),
    waitsFor: tasks.find(({ task }) => task === name)?.waitsFor,
    here: tasks.find(({ task }) => task === name)?.reason,
  });
}

function printTask({ task, policy, reason, there = [], waitsFor, here }: PlannedTask & Told, out: Output): void {
  out.write(`${task} (${policy}): ${reason}\n`);
  if (here !== undefined && here !== reason) out.write(`  in the hub that runs: ${here}\n`);
  for (const { provider, says } of there) out.write(`  at ${provider}: ${printable(says, 300)}\n`);
  if (waitsFor !== undefined) out.write(`  its runs wait: ${printable(waitsFor, 300)}\n`);
}
