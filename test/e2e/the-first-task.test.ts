/** The first task of README.md, exactly as it is there. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PACKAGE_ROOT } from '../package-root.js';
import { sternaToItsEnd } from '../program-to-its-end.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';

t.setTimeout(120_000);

const [, section = ''] = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8').split(/^## /m);

/** A block of code, by its language and how it begins. */
function blockOf(language: string, begins: string): string {
  const blocks = Array.from(section.matchAll(/^```(\w*)\n([^]*?)^```/gm), ([, named, code = '']) => ({ named, code }));
  const found = blocks.find(({ named, code }) => named === language && code.startsWith(begins));
  if (found === undefined) throw new Error(`README.md has no block ${language} that begins with ${begins}`);
  return found.code;
}

t.test('it is built, runs, and publishes what the page says', async (t) => {
  const dir = t.testdir({});
  const folder = join(dir, 'freezer');
  mkdirSync(folder);
  writeFileSync(join(folder, 'task.toml'), blockOf('toml', 'name = "freezer"'));
  writeFileSync(join(folder, 'index.ts'), blockOf('ts', 'import'));
  const built = await sternaToItsEnd('build', folder);
  t.equal(built.code, 0, built.stdout + built.stderr);
  const where = ['--tasks', folder, '--data', join(dir, 'data'), '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const hub = await HubProcess.start(t, [...where, '--report', 'json']);

  const sent = Array.from(
    blockOf('sh', 'npx mqtt pub').matchAll(/-t (\S+) -m '([^']*)'/g),
    ([, topic = '', payload = '']) => ({ topic, payload }),
  );
  const heard = blockOf('', 'alarm/').trimEnd().split('\n');
  t.ok(sent.length > heard.length && heard.length > 0);
  const device = await Device.connect(t, hub.brokerUrl, ['alarm/#']);
  for (const { topic, payload } of sent) await device.publish(topic, payload);
  await device.hears(heard.length);

  for (const command of blockOf('sh', 'sterna ls').trimEnd().split('\n')) {
    const [, words = ''] = /^sterna ([^#]*)/.exec(command) ?? [];
    // A folder is where the page is read; here it is elsewhere.
    const args = words.trim().replace('deploy freezer', `deploy ${folder}`).split(' ');
    const { code, stdout, stderr } = await sternaToItsEnd(...args, '--data', join(dir, 'data'));
    t.match({ code, stderr, stdout }, { code: 0, stderr: '', stdout: /freezer|cellar/ }, command);
  }
  t.equal(await hub.terminated(20_000), 0);
  t.strictSame(
    device.texts.map(([topic, text]) => `${topic} ${text}`),
    heard,
  );
});
