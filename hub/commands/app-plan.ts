import { readFile } from 'node:fs/promises';
import { parseApp, planTasks } from '../placement/index.js';
import { loadTasks } from '../registry/index.js';
import type { Manifest } from '../manifest/index.js';
import { printJson, type Output } from './asking.js';

export interface AppPlanOptions {
  readonly file: string;
  readonly tasks: readonly string[];
  readonly metered: boolean;
  readonly battery: boolean;
  readonly json: boolean;
}

/** `sterna app plan FILE`: what a provider would be asked to execute, with a sentence of why for each task. */
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
  if (options.json) printJson(out, { app: parsed.app.name, tasks: planned });
  else for (const { task, policy, reason } of planned) out.write(`${task} (${policy}): ${reason}\n`);
  return 0;
}
