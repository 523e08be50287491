import t from 'tap';
import { isBetter } from '../../../hub/placement/better-provider.js';
import { parseApp } from '../../../hub/placement/index.js';

t.test('of two providers, the one with room is better, then that of the preferred class, then the sooner one', (t) => {
  const near = { wasLate: false, hasRoom: true, isPreferred: false, ms: 1 };
  const server = { wasLate: false, hasRoom: true, isPreferred: true, ms: 50 };
  t.ok(isBetter(server, near) && !isBetter(near, server));
  t.ok(isBetter(near, { ...server, hasRoom: false }), 'a full one is none');
  t.ok(isBetter({ ...near, hasRoom: false }, { ...server, wasLate: true }), 'one that was late comes last');
  t.ok(isBetter({ ...near, isPreferred: true }, server) && !isBetter(server, { ...near, isPreferred: true }));
  t.end();
});

t.test('an application prefers a class of device, and a task may prefer another', (t) => {
  const toml = '[preferences]\ndevice = "board"\n[tasks.forecast]\ndevice = "server"\n';
  const parsed = parseApp(`name = "a"\n${toml}`, 'app.toml');
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  t.equal(parsed.app.deviceOf('forecast'), 'server');
  t.equal(parsed.app.deviceOf('preprocess'), 'board');
  t.match(parseApp('name = "a"\n[preferences]\ndevice = "A server"\n', 'app.toml'), {
    problems: ['app.toml: preferences.device: must be a word of small letters, digits and -, such as "server"'],
  });
  t.end();
});
