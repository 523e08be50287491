import t from 'tap';
import { SHAPING_BOUNDS } from '../../../hub/shaping/limits.js';
import { payloadFingerprint, valueFingerprint } from '../../../hub/shaping/fingerprint.js';

const value = (json: string, ...pointer: string[]): string | undefined => valueFingerprint(Buffer.from(json), pointer);

t.test('values are equal when JSON means the same by them', (t) => {
  t.equal(value('{"a":1.0}', 'a'), value('{ "b":2, "a":1 }', 'a'));
  t.equal(value('{"a":{"x":1,"y":[2]}}', 'a'), value('{"a":{"y":[2],"x":1}}', 'a'));
  t.not(value('{"a":[1,2]}', 'a'), value('{"a":[2,1]}', 'a'));
  t.not(value('{"a":"1"}', 'a'), value('{"a":1}', 'a'));
  t.not(value('{"a":null}', 'a'), undefined, 'null is a value');
  t.not(value('{"a":false}', 'a'), value('{"a":null}', 'a'));
  t.end();
});

t.test('a long value is remembered as a digest, which no short value equals', (t) => {
  const long = value(JSON.stringify({ a: 'x'.repeat(10_000) }), 'a') ?? '';
  t.ok(long.length < 50, `${long.length}`);
  t.not(value(JSON.stringify({ a: `${'x'.repeat(9_999)}y` }), 'a'), long);
  t.not(value(JSON.stringify({ a: long }), 'a'), long);
  t.end();
});

t.test('a payload without the value has no fingerprint, however hostile it is', (t) => {
  t.equal(value('{"b":1}', 'a'), undefined);
  t.equal(value('not json', 'a'), undefined);
  t.equal(value('', 'a'), undefined);
  t.equal(value('{"a":{}}', 'a', 'constructor'), undefined, 'what objects inherit is not in the document');
  t.equal(value('{}', '__proto__'), undefined);
  t.not(value('{"__proto__":1}', '__proto__'), undefined, 'unless it is');
  t.equal(value('[1,2]', 'length'), undefined);
  t.equal(value('"text"', 'length'), undefined);
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  t.doesNotThrow(() => value(deep, '0'));
  const large = JSON.stringify({ a: 'x'.repeat(SHAPING_BOUNDS.shapedJsonBytes) });
  t.equal(value(large, 'a'), undefined, 'too large to be parsed here');
  const fits = JSON.stringify({ a: 'x'.repeat(SHAPING_BOUNDS.shapedJsonBytes - 8) });
  t.equal(fits.length, SHAPING_BOUNDS.shapedJsonBytes);
  t.not(value(fits, 'a'), undefined, 'at the bound it is');
  t.end();
});

t.test('payloads are equal byte by byte', (t) => {
  t.equal(payloadFingerprint(Buffer.from([1, 2])), payloadFingerprint(new Uint8Array([1, 2])));
  t.not(payloadFingerprint(Buffer.from('{"a":1}')), payloadFingerprint(Buffer.from('{"a":1.0}')));
  t.end();
});
