/** What others said reaches a terminal as text: it moves no cursor and renames no window. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { placementRoutes } from '../../../hub/api/index.js';
import { fault, type Route } from '../../../hub/api/route.js';
import { asking } from '../../../hub/commands/asking.js';
import { explainCommand } from '../../../hub/commands/explain.js';
import { openStore } from '../../../hub/store/index.js';
import { apiAlone } from '../api/api-alone.js';

/** Clears the screen, and sets the window's title. */
const HOSTILE = 'no room\u001b[2J\u001b]0;root\u0007\u009b1A\r'.padEnd(5_000, 'x');
/** Line feeds are between lines. */
const CONTROL = /[^\P{Cc}\n]/u;

/** A folder on which a hub with these routes runs. */
async function folder(t: Test, routes: readonly Route[]): Promise<string> {
  const dir = t.testdir({});
  const store = openStore(join(dir, 'state.db'));
  t.teardown(() => store.close());
  await apiAlone(t, dir, routes);
  return dir;
}

t.test('what explain says of a provider', async (t) => {
  const placement = {
    explain: () => [{ side: 'here', reason: `shed said: ${HOSTILE}` }],
    waitsOf: () => `shed says ${HOSTILE}`,
  };
  const data = await folder(t, placementRoutes(placement as never, { isWaiting: () => true }));
  let text = '';
  const out = { write: (more: string) => (text += more) };
  t.equal(await explainCommand('r', { data, json: false }, out), 0);
  t.match(text, /^here, as shed said: no room.*\.\.\.\nwaits now, as shed says no room.*\.\.\.\n$/u);
  t.notMatch(text, CONTROL);
  t.ok(text.length < 2_500);
});

t.test('what the hub refuses with, line by line', async (t) => {
  const refuses: Route = { method: 'GET', path: '/v1/no', answer: () => fault(409, `first ${HOSTILE}\nsecond`) };
  const data = await folder(t, [refuses]);
  const written = t.capture(process.stderr, 'write', () => true);
  const code = await asking({ data }, async (client) => {
    await client.get('/v1/no');
    return 0;
  });
  const text = written()
    .map(({ args }) => String(args[0]))
    .join('');
  t.equal(code, 1);
  t.match(text, /^sterna: first no room.*\.\.\.\nsecond\n$/u);
  t.notMatch(text, CONTROL);
  t.ok(text.length < 2_000);
});
