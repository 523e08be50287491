import t from 'tap';
import { newSigningKey } from '../../../provider/protocol/index.js';
import { providerUnderTest } from '../provider-under-test.js';
import { RawHub } from '../raw-hub.js';

t.test('without TLS, too, a hello that was recorded is worth nothing on another connection', async (t) => {
  const provider = await providerUnderTest(t);
  const token = await provider.invite();
  const key = newSigningKey();
  const hub = new RawHub(token, key);
  await hub.open();
  hub.cut();
  const recorded = new RawHub(token, key);
  const hello = recorded.hello(await recorded.connect());
  recorded.cut();
  const replayed = new RawHub(token, key);
  t.teardown(() => replayed.cut());
  await replayed.connect();
  replayed.send(hello);
  t.match(await replayed.refusal(), /^identity: The signature of the hello/);
});
