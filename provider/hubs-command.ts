import { readIdentity } from './identity/identity.js';
import { KnownHubs } from './identity/known-hubs.js';
import { hubText, momentText, noProvider, refuse, shown, shownId, type Output } from './words.js';

/** `sterna provider hubs`: lists the hubs that may open sessions, and join tokens that nobody has used. */
export async function providerHubsCommand(data: string, json: boolean, out: Output): Promise<number> {
  if ((await readIdentity(data)) === undefined) return refuse(noProvider(data));
  const known = await KnownHubs.open(data);
  const [hubs, invitations] = [await known.list(), await known.invitations.list(Date.now())];
  if (json) {
    out.write(`${JSON.stringify({ hubs, invitations })}\n`);
    return 0;
  }
  const rows = hubs.map(({ hub, name, joinedAtMs, heardAtMs }) => [
    shownId(hub),
    momentText(joinedAtMs),
    momentText(heardAtMs),
    shown(name ?? ''),
  ]);
  const header = ['hub', 'joined', 'last session', 'name'];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  for (const row of [header, ...rows]) {
    out.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('   ')
        .trimEnd()}\n`,
    );
  }
  for (const { untilMs } of invitations) out.write(`one more may join until ${momentText(untilMs)}\n`);
  return 0;
}

/** `sterna provider forget HUB`: the hub is not let in any more. A provider that runs ends what there is of it. */
export async function providerForgetCommand(hub: string, data: string, out: Output): Promise<number> {
  if ((await readIdentity(data)) === undefined) return refuse(noProvider(data));
  const known = await KnownHubs.open(data);
  const all = await known.list();
  // Hubs choose their names, which may look like another's key.
  const byKey = all.filter(({ hub: key }) => isIdOf(key, hub));
  const called = byKey.length > 0 ? byKey : all.filter(({ name }) => name === hub);
  const [one, ...others] = called;
  if (one === undefined) return refuse(`there is no hub "${shown(hub)}": "sterna provider hubs" lists them`);
  if (others.length > 0) {
    const ids = called.map(({ hub: id }) => shownId(id)).join(', ');
    return refuse(`there are ${called.length} hubs called "${shown(hub)}": name one of ${ids}`);
  }
  await known.forget(one.hub);
  out.write(`forgotten: ${hubText(one)}\n`);
  return 0;
}

/** The beginning of a hub's key, of at least as many digits as nobody types by mistake. */
function isIdOf(id: string, text: string): boolean {
  return /^[0-9a-f]{6,64}$/.test(text) && id.startsWith(text);
}
