import t from 'tap';
import { startEmbeddedBroker } from '../../hub/broker/index.js';
import { simCommand } from '../../sim/command.js';

t.test('a home plays against a real broker, and the exit code is 0', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const lines: string[] = [];
  const code = await simCommand({ broker: broker.url, speed: 2_000, forMs: 300, write: (line) => lines.push(line) });
  t.equal(code, 0);
  t.match(lines.join('\n'), /sent +\d+ \(climate \d+, contact \d+, motion \d+, plug \d+\)/);
});

t.test('a signal stops it', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const controller = new AbortController();
  const done = simCommand({ broker: broker.url, signal: controller.signal, write: () => undefined });
  controller.abort();
  t.equal(await done, 0);
});

t.test('options out of bounds are named with what would be right', async (t) => {
  const errors: string[] = [];
  const writeError = (line: string): void => void errors.push(line);
  t.equal(await simCommand({ broker: 'mqtt://127.0.0.1:1', rooms: 0, writeError }), 2);
  t.equal(await simCommand({ broker: 'mqtt://127.0.0.1:1', speed: -1, writeError }), 2);
  t.equal(await simCommand({ broker: 'mqtt://127.0.0.1:1', poke: ['../x'], writeError }), 2);
  t.match(errors, [/--rooms must be a whole number from 1 to 500: it is 0/, /--speed must be/, /--poke takes names/]);
});
