import path from 'node:path';
import t from 'tap';
import { sternaToItsEnd as sterna } from '../program-to-its-end.js';

t.test('it says how it is used', async (t) => {
  const help = await sterna('--help');
  t.equal(help.code, 0);
  for (const command of ['hub', 'build', 'sim', 'schema']) t.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
});

t.test('a wrong option is refused with what would be right', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['hub', '--tasks', 'x', '--for', '20'], /such as "3 s"/],
    [['hub', '--tasks', 'x', '--listen', '1883'], /HOST:PORT/],
    [['hub', '--tasks', 'x', '--threads', '0'], /from 1 to 256/],
    [['hub', '--tasks', 'x', '--report', 'pretty'], /lines, json, quiet/],
    [['nonsense'], /nonsense[^]*\(sterna --help shows/],
    [['watch'], /'run'[^]*\(sterna watch --help shows/],
    [['dlq', 'show'], /'id'[^]*\(sterna dlq show --help shows/],
  ];
  for (const [args, says] of cases) {
    const { code, stderr } = await sterna(...args);
    t.equal(code, 1, args.join(' '));
    t.match(stderr, says);
  }
});

t.test('a hub without any task, and without the API to deploy one, does not start, and says what to do', async (t) => {
  const dir = t.testdir({ tasks: {} });
  const args = ['--tasks', path.join(dir, 'tasks'), '--data', path.join(dir, 'data'), '--listen', '127.0.0.1:0'];
  const { code, stdout, stderr } = await sterna('hub', ...args, '--report', 'json', '--api', 'off');
  t.equal(code, 1);
  t.match(stdout, /"kind":"task-refused".*has no tasks/);
  t.match(stderr, /there is no task to run/);
});

t.test('a hub whose broker is not there ends with its name', async (t) => {
  const dir = t.testdir({ tasks: {} });
  const args = ['--tasks', path.join(dir, 'tasks'), '--data', path.join(dir, 'data'), '--broker', 'nonsense'];
  const { code, stderr } = await sterna('hub', ...args);
  t.equal(code, 1);
  t.match(stderr, /nonsense/);
});
