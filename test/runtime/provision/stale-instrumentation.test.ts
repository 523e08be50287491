/** What an older instrumentation prepared is not run: fuel of one table never meets a limit in another. */
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { INSTRUMENTATION_VERSION } from '../../../runtime/provision/meter/costs.js';
import { artifactKey, sha256 } from '../../../runtime/provision/provision.js';
import { Provisioner } from '../../../runtime/provision/provisioner.js';
import { taskComponent } from '../wat-component.js';

const LIMIT = { memoryBytes: 1024 * 1024 };

/** Spelled out here, so that a key that leaves the version out is noticed. */
function keyOf(version: string, digest: string): string {
  const node = process.versions.node.split('.')[0];
  return sha256(`${digest} ${version} node${node} ${LIMIT.memoryBytes}`).slice(0, 40);
}

t.test('a component that an older instrumentation prepared is prepared anew', async (t) => {
  const component = await taskComponent();
  const digest = sha256(component);
  t.equal(artifactKey(digest, LIMIT), keyOf(INSTRUMENTATION_VERSION, digest), 'the key names the version');
  const stale = keyOf('older', digest);

  const dir = t.testdir({});
  const provisioner = new Provisioner(dir);
  t.teardown(() => provisioner.close());
  const first = await provisioner.prepare(component, LIMIT);
  t.equal(first.instrumentation, INSTRUMENTATION_VERSION);
  await rename(path.join(dir, first.key), path.join(dir, stale));

  const second = await provisioner.prepare(component, LIMIT);
  t.equal(second.instrumentation, INSTRUMENTATION_VERSION);
  t.strictSame((await readdir(dir)).toSorted(), [first.key, stale].toSorted(), 'what was there is left, and not used');
});
