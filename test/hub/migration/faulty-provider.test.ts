/** A provider that says what cannot be, or nothing: the run has its one end here, and nobody waits for ever. */
import t from 'tap';
import type { MigrationMessage, PointContent } from '../../../provider/protocol/migration/index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import type { RealHub } from '../parking/real-hub.js';
import { PEER } from './peer-links.js';
import { endOf, executes, scene, sceneThere, undisturbed, type End } from './scene.js';

t.setTimeout(240_000);

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

/** The message with another content, of which nothing is left out. */
function withContent(message: MigrationMessage, content: PointContent): MigrationMessage {
  return { ...message, content, leftOut: undefined };
}

function endsOf(hub: RealHub): number {
  return hub.seen.filter(({ kind }) => kind === 'run-finished').length;
}

t.test('an end without a result ends nothing: it is the provider’s fault', async (t) => {
  const { hub, peer } = await sceneThere(t);
  let anchor: Uint8Array | undefined;
  peer.bend = (message) => {
    anchor = [...peer.stubs.values()][0]?.content.anchor ?? anchor;
    return message.content.result === undefined ? message : withContent(message, { anchor });
  };
  t.same(await endOf(hub), alone);
  t.match(peer.faults, [/it is said to have ended, and has no result/]);
});

t.test('a difference is no anchor: it is the provider’s fault', async (t) => {
  const { hub, peer } = await sceneThere(t);
  peer.bend = (message) => {
    const { difference } = message.content;
    return difference === undefined ? message : withContent(message, { anchor: difference });
  };
  t.same(await endOf(hub), alone);
  t.match(peer.faults, [/a checkpoint is a difference to [0-9a-f]+: it must stand alone/]);
});

t.test('a checkpoint of other limits is the provider’s fault, and not gone on from', async (t) => {
  const { hub, peer } = await sceneThere(t);
  let others = 0;
  const change = (bytes: Uint8Array): Uint8Array => {
    const checkpoint = decodeCheckpoint(bytes);
    const { request } = checkpoint;
    others++;
    return encodeCheckpoint({ ...checkpoint, request: { ...request, limits: { ...request.limits, fuel: 9e12 } } });
  };
  peer.bend = (message) => {
    const { difference } = message.content;
    if (difference === undefined) return message;
    return { ...message, content: { ...message.content, difference: change(difference) } };
  };
  t.same(await endOf(hub), alone);
  t.equal(others, 1);
  t.match(peer.faults, [/a checkpoint is of another run: its authority is not what the hub asked/]);
});

t.test('a run that nobody has cancelled is not over because the provider says so', async (t) => {
  const { hub, peer } = await sceneThere(t);
  peer.bend = (message) => {
    const { result } = message.content;
    if (result === undefined) return message;
    return withContent(message, { result: { ...result, outcome: { kind: 'cancelled' }, effects: [] } });
  };
  t.same(await endOf(hub), alone);
  t.match(peer.faults, [/nobody has cancelled the run/]);
});

t.test('a provider that keeps its link and does not answer does not keep the run', async (t) => {
  const { hub, peer, run } = await scene(t, { reclaimMs: 200 });
  peer.ignores = () => true;
  t.same(await hub.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
  t.same(await endOf(hub), alone);
  t.match(
    hub.hub.migrations.of(run)?.notes.map(({ what }) => what),
    ['asked', 'linked', 'link-lost', 'here', 'over'],
  );
  t.equal(hub.link.published.length, 1);
});

t.test('it is told to end while it is brought home: it ends without effect', async (t) => {
  const { hub, run } = await sceneThere(t);
  const kept = hub.hub.migrations.keepHere(run, 'priority', 'a test');
  t.same(hub.hub.currentRuns.cancel(run), { ok: true });
  t.match(await endOf(hub, 'cancelled'), { said: [] });
  t.equal(await kept, false);
});

t.test('it has ended, the provider has not heard of it, and two want it here: it ends once', async (t) => {
  const { hub, peer, run } = await sceneThere(t, { mode: 'synchronous', responsible: 'provider' });
  const { migrations } = hub.hub;
  await migrations.migrate(run, undefined, 'by hand');
  await executes(hub, run, 'hub');
  let isAtEnd = false;
  peer.ignores = ({ message }) => (isAtEnd ||= message.type === 'point' && message.end);
  await until('it has come to its end', 60_000, () => isAtEnd);
  t.equal(endsOf(hub), 0, 'the provider would go on from an earlier point');
  await Promise.all(['one', 'other'].map((why) => migrations.keepHere(run, 'priority', why)));
  t.same(await endOf(hub), alone);
  t.equal(endsOf(hub), 1);
  t.equal(hub.link.published.length, 1);
});
