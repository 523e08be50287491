import t from 'tap';
import { brokerAddress, withoutSecrets } from '../../../hub/broker/broker-address.js';

t.test('user and password are what they were before they were written into a URL', async (t) => {
  const passwords = [
    'secret',
    'a:b',
    ':',
    'a@b',
    'a/b?c#d',
    '100%',
    '%41',
    'a b',
    'ü€😀',
    '%zz',
    '%ff',
    '"\\\'<>^`{|}',
  ];
  for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss']) {
    for (const password of passwords) {
      const url = `${scheme}://${encodeURIComponent('my hub')}:${encodeURIComponent(password)}@broker.local:1884/mqtt`;
      const address = { url: `${scheme}://broker.local:1884/mqtt`, username: 'my hub', password };
      t.same(brokerAddress(url), address, url);
    }
  }
});

t.test('what a URL can hold as it is need not be escaped', async (t) => {
  for (const password of ['a:b', 'a@b', 'a%b', '%', 'ü'])
    t.same(brokerAddress(`mqtt://u:${password}@h`), { url: 'mqtt://h', username: 'u', password }, password);
  t.same(brokerAddress('mqtt://u@h'), { url: 'mqtt://h', username: 'u' });
  t.same(brokerAddress('mqtt://[::1]:1883'), { url: 'mqtt://[::1]:1883' });
});

t.test('nothing of a password is shown, also where it was not escaped', async (t) => {
  for (const password of [
    'pa55word',
    'pa55:word',
    'pa55#word',
    'pa55/word',
    'pa55?word',
    '55#word',
    '55/word',
    'pa55 word',
    '[',
  ])
    for (const scheme of ['mqtt', 'ws', 'else'])
      t.notMatch(withoutSecrets(`${scheme}://user:${password}@broker`), /55|word|\[/, password);
  t.equal(withoutSecrets('mqtts://u:p@broker:8883'), 'mqtts://broker:8883');
  for (const url of ['broker:1883', 'http://broker', 'mqtt://', '', 'mqtt://u:12#34@broker'])
    t.equal(brokerAddress(url), undefined, url);
});
