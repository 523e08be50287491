/** What values of options come to, and what is refused, with what would be right. */
import t, { type Test } from 'tap';
import {
  address,
  deviceClass,
  duration,
  loopbackOrOff,
  number,
  sizeOrOff,
  wholeNumber,
} from '../../../hub/command-line/option-values.js';

type Read = (value: string) => unknown;

function taken(t: Test, read: Read, cases: readonly (readonly [value: string, comesTo: unknown])[]): void {
  for (const [value, comesTo] of cases) t.strictSame(read(value), comesTo, value);
}

function refused(t: Test, read: Read, message: RegExp, values: readonly string[]): void {
  for (const value of values) t.throws(() => read(value), { code: 'commander.invalidArgument', message }, `"${value}"`);
}

t.test('an address is a host, in brackets if it has colons, and a port', (t) => {
  taken(t, address, [
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:1883', { host: '::1', port: 1_883 }],
    ['shed.local:65535', { host: 'shed.local', port: 65_535 }],
  ]);
  refused(t, address, /HOST:PORT/, ['', '1883', ':1883', 'shed', '::1:1883', 'shed:65536', 'shed:x']);
  t.end();
});

t.test('the control API listens on loopback, or not at all', (t) => {
  taken(t, loopbackOrOff, [
    ['off', 'off'],
    ['127.8.0.1:1', { host: '127.8.0.1', port: 1 }],
    ['[::1]:1', { host: '::1', port: 1 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
  ]);
  refused(t, loopbackOrOff, /loopback/, ['0.0.0.0:1', '192.168.0.1:1', '127.evil.example:1', '[::]:1']);
  t.end();
});

t.test('numbers are whole where they have to be, and within their bounds', (t) => {
  const threads = wholeNumber(1, 256);
  taken(t, threads, [
    ['1', 1],
    ['256', 256],
  ]);
  refused(t, threads, /whole number from 1 to 256/, ['', '0', '257', '1.5', '-1', '1e1', 'many']);
  taken(t, number, [['-1.5', -1.5]]);
  refused(t, number, /a number/, ['', ' ', 'x']);
  t.end();
});

t.test('durations, sizes and classes are as in a manifest', (t) => {
  taken(t, duration, [['20s', 20_000]]);
  refused(t, duration, /such as "3 s"/, ['20', 'soon']);
  taken(t, sizeOrOff, [
    ['off', 0],
    ['1GiB', 2 ** 30],
  ]);
  refused(t, sizeOrOff, /or "off"/, ['none', '']);
  taken(t, deviceClass, [['server-2', 'server-2']]);
  refused(t, deviceClass, /small letters/, ['Server', 'a b', '']);
  t.end();
});
