/** A run interrupted at every slice, or at random ones, and moved each time, is the run that was not. */
import { t, type Test } from 'tap';
import type { Wish } from '../../../runtime/worker/suspension.js';
import { builtTask } from '../built-task.js';
import { Random } from '../provision/fuzz/random.js';
import type { Asked } from '../run-request.js';
import { outside, prepared, run, type Came } from './stepping.js';

/** Also with fewer points of execution. */
const WITH_FEWER_POINTS = 'guest-tasks/energy-window';

/** It may have to be built first. */
const TIMEOUT_MS = 50_000;

const EVENTS: Readonly<Record<string, Asked>> = {
  'guest-tasks/thermostat': { topic: 'home/bath/climate', payload: '{"temperature":17.5}', captures: { room: 'bath' } },
  'guest-tasks/motion-light': {
    topic: 'zigbee2mqtt/hall/motion',
    payload: '{"occupancy":true,"illuminance":3}',
    captures: { room: 'hall' },
  },
  'guest-tasks/energy-window': {
    topic: 'zigbee2mqtt/kitchen/plug',
    payload: '{"energy":12.5,"power":100}',
    captures: { meter: 'kitchen' },
  },
  'guest-tasks/anomaly': {
    topic: 'zigbee2mqtt/cellar/climate',
    payload: '{"temperature":21.25,"humidity":60}',
    captures: { room: 'cellar' },
  },
  'test/fixtures/guests/sdk-calls': { topic: 'test', payload: '{"a":[1,2,{"b":"c"}],"d":-1.5e3}' },
};

for (const [folder, asked] of Object.entries(EVENTS)) {
  t.test(`${folder} is the same, interrupted at every slice of 300`, { timeout: TIMEOUT_MS }, async (t) => {
    const task = await builtTask(folder);
    const plain = await prepared(task.component, undefined, (p) => run(p, { task, asked }));
    await prepared(task.component, 'all', (p) => {
      const whole = run(p, { task, asked, sliceFuel: SLICE });
      t.same(outside(whole), outside(plain), 'prepared to be suspended, and not');
      interrupted(t, () => run(p, { task, asked, sliceFuel: SLICE, wish: () => 'leave' }), whole);
      const random = new Random(1);
      const wish = (): Wish => random.pick(['go-on', 'copy', 'leave'] as const);
      interrupted(t, () => run(p, { task, asked, sliceFuel: SLICE, wish }), whole);
    });
    if (folder !== WITH_FEWER_POINTS) return;
    for (const points of ['loops', 'calls'] as const) {
      await prepared(task.component, points, (p) => {
        const came = run(p, { task, asked, sliceFuel: SLICE, wish: () => 'leave' });
        t.ok(came.stops > 0, `at ${points} it stood still ${came.stops} times`);
        t.same(outside(came), outside(plain), `at ${points}`);
      });
    }
  });
}

const SLICE = 300;

function interrupted(t: Test, again: () => Came, whole: Came): void {
  const came = again();
  t.ok(came.stops > 0, `it stood still ${came.stops} times`);
  t.same(outside(came), outside(whole));
}
