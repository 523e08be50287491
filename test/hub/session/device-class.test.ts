import { join } from 'node:path';
import t from 'tap';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { hubSide } from './hub-side.js';

t.setTimeout(120_000);

t.test('runs go to the class of device that their task prefers, and elsewhere while there is none', async (t) => {
  const dir = t.testdir({});
  const board = await providerUnderTest(t, { device: 'board', dataDir: join(dir, 'board') });
  const server = await providerUnderTest(t, { device: 'server', dataDir: join(dir, 'server') });
  const tokens = [await board.invite(), await server.invite()];
  const app = '[placement]\ndefault = "remote-only"\nchecked = 0\n[tasks.echo]\ndevice = "server"\n';
  const hub = await hubSide(t, { tokens, tasks: ['test/fixtures/guests/echo'], app });
  const place = async (): Promise<string | undefined> => {
    const result = await hub.runtime.run(hub.request('echo', { topic: 'in/a' }));
    return result.where;
  };
  await hub.ready('echo');
  // Either may be ready first.
  const endMs = performance.now() + 60_000;
  while ((await place()) !== 'p1') if (performance.now() > endMs) throw new Error('no run goes to the server');
  for (let i = 0; i < 5; i++) t.equal(await place(), 'p1');
  await server.close();
  t.equal(await place(), 'p0');
});
