/** What a person is told whose wish to move a run cannot be met: hub and provider are processes of their own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ApiClient, type CurrentRun } from '../../hub/api/index.js';
import { freePort } from '../fixtures/free-port.js';
import { sterna } from '../provider/provider-process.js';
import { sternaToItsEnd } from '../program-to-its-end.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(150_000);

const EVENT = JSON.stringify({ hourly: Array.from({ length: 400 }, (_, hour) => 0.4 + (hour % 24) / 24), horizon: 24 });

/** Minutes of work. */
const long = (toml: string): string => toml.replace('starts = 2000', 'starts = 200000');

t.test('each answer names what was asked for, what is wrong with it, and what would be right', async (t) => {
  const dir = t.testdir({});
  const [data, tasks, app] = [join(dir, 'data'), join(dir, 'tasks'), join(dir, 'app.toml')];
  mkdirSync(data);
  const address = `127.0.0.1:${await freePort()}`;
  const token = (await sterna('provider', 'init', '--data', join(dir, 'there'), '--address', address)).trim();
  await sterna('provider', 'add', token, '--data', data, '--name', 'shed');
  await deployInto(join(tasks, 'moves'), ['guest-tasks/forecast'], long);
  await deployInto(join(tasks, 'stays'), ['guest-tasks/forecast'], (toml) =>
    long(toml)
      .replace('resumable = true', 'component = "build/forecast.wasm"')
      .replace('name = "forecast"', 'name = "stays"')
      .replace('"forecast/{meter}/fit"', '"stays/{meter}/fit"'),
  );
  writeFileSync(app, 'name = "test"\n[placement]\ndefault = "prefer-local"\n');
  const folders = ['--tasks', join(tasks, 'moves'), '--tasks', join(tasks, 'stays'), '--data', data, '--app', app];
  const how = ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--report', 'json', '--threads', '2'];
  const hub = await HubProcess.start(t, [...folders, ...how]);
  await until('its API is there', 10_000, () => existsSync(join(data, 'api.json')));
  const client = await ApiClient.of(data);
  const device = await Device.connect(t, hub.brokerUrl, []);
  await device.publish('forecast/m/fit', EVENT);
  await device.publish('stays/m/fit', EVENT);
  const runs = new Map<string, string>();
  for (const untilMs = performance.now() + 60_000; runs.size < 2 && performance.now() < untilMs;) {
    const current = (await client.get('/v1/current-runs')) as { readonly runs: readonly CurrentRun[] };
    for (const { task, runId } of current.runs) runs.set(task, runId);
  }
  const [moves = '', stays = ''] = [runs.get('forecast'), runs.get('stays')];

  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['none', '--to', 'shed'], /there is no run "none": "sterna runs" lists/],
    [['none', '--home'], /there is no run "none": "sterna runs" lists/],
    [[moves, '--to', 'attic'], /there is no provider "attic": this hub has shed/],
    [
      [moves, '--to', 'shed'],
      /no session with the provider shed at wss:\/\/\S+: .*ECONNREFUSED.* \("sterna providers"/,
    ],
    [[moves, '--home'], /it executes here already/],
    [[stays, '--to', 'shed'], /"stays" is not resumable: say "resumable = true" in its task\.toml/],
    [[moves], /either --to NAME or --home/],
    [[moves, '--home', '--to', 'shed'], /either --to NAME or --home/],
  ];
  for (const [words, says] of refusals) {
    const { code, stdout, stderr } = await sternaToItsEnd('migrate', ...words, '--data', data);
    t.match({ code, stdout, stderr }, { code: 1, stdout: '', stderr: says }, words.join(' '));
  }
  const watched = await sternaToItsEnd('watch', moves, '--once', '--data', data);
  t.match(watched, { code: 0, stdout: /Z {3}\S+\/forecast executes; it has not moved\n$/ });
  t.match(await sternaToItsEnd('watch', 'none', '--data', data), { code: 1, stderr: /there is no run "none"/ });

  for (const run of [moves, stays]) await client.post(`/v1/current-runs/${encodeURIComponent(run)}/cancel`, {});
  await until('both are over', 20_000, () => (hub.stdout.match(/"kind":"run-finished"/g) ?? []).length === 2);
  const over = await sternaToItsEnd('migrate', moves, '--to', 'shed', '--data', data);
  t.match(over, { code: 1, stderr: new RegExp(`the run "${moves}" is over: "sterna run ${moves}"`) });
  t.equal(await hub.terminated(20_000), 0);
});
