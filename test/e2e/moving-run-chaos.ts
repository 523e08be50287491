/** All that may happen to runs that move, at random. */
import type { Random } from '../runtime/provision/fuzz/random.js';
import type { MovingRunScene, Work } from './moving-run-scene.js';

/** What happens, and how often among all. */
const HAPPENINGS = {
  migrate: 18,
  cut: 3,
  stall: 2,
  slow: 3,
  'provider-killed': 2,
  'hub-killed': 2,
} as const;

type Happening = keyof typeof HAPPENINGS;

const ALL = Object.entries(HAPPENINGS).flatMap(([kind, times]) =>
  Array.from({ length: times }, () => kind as Happening),
);

/** Between two of them: some points of a run. */
const PAUSE_MS = 500;
/** A link that is silent for longer is taken for dead, and one for shorter is not. */
const STALL_MS = 6_000;
const SLOW = { delayMs: 60, bytesPerMs: 50 };
const FREE = { delayMs: 0, bytesPerMs: Infinity, isStalled: false };

export class MovingRunChaos {
  readonly counts = new Map<Happening, number>();
  /** Why what was asked for was refused: the provider is away, or the run is over. */
  readonly refusals = new Map<string, number>();
  readonly #scene: MovingRunScene;
  readonly #random: Random;
  #left: Happening[] = [];

  constructor(scene: MovingRunScene, random: Random) {
    this.#scene = scene;
    this.#random = random;
  }

  /** Until so many more effects than before were heard, and for no longer. @throws Error when they are not heard. */
  async until(effects: number, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#scene.witness.effects.size < effects) {
      if (performance.now() > deadline) throw new Error(`${this.#scene.witness.effects.size} of ${effects} effects`);
      await this.#look();
      if (this.#left.length === 0) this.#left = shuffled(this.#random);
      const happening = this.#left.pop() ?? 'migrate';
      this.counts.set(happening, (this.counts.get(happening) ?? 0) + 1);
      await this.#happen(happening);
      await pause(this.#random.below(PAUSE_MS));
    }
    this.#scene.proxy.shape(FREE);
  }

  /** What is seen is remembered by the scene. */
  async #look(): Promise<void> {
    for (const { runId } of await this.#scene.current()) await this.#scene.migration(runId).catch(() => undefined);
  }

  async #happen(happening: Happening): Promise<void> {
    const { proxy } = this.#scene;
    switch (happening) {
      case 'migrate':
        return this.#migrate();
      case 'cut':
        return proxy.cut();
      case 'stall':
        proxy.shape({ isStalled: true });
        await pause(this.#random.below(STALL_MS));
        return proxy.shape(FREE);
      case 'slow':
        proxy.shape(SLOW);
        await pause(this.#random.below(PAUSE_MS * 2));
        return proxy.shape(FREE);
      case 'provider-killed':
        await this.#scene.provider.killed();
        await pause(this.#random.below(PAUSE_MS));
        return this.#scene.startProvider();
      case 'hub-killed':
        await this.#scene.hub.killed();
        return this.#scene.startHub();
    }
  }

  /** One of the runs goes to the other side. */
  async #migrate(): Promise<void> {
    const runs = await this.#scene.current();
    if (runs.length === 0) return;
    const { runId } = this.#random.pick(runs);
    const migration = await this.#scene.migration(runId).catch(() => undefined);
    await this.#scene
      .migrate(runId, migration?.executes === 'provider' ? 'hub' : 'provider')
      .catch((error: unknown) => {
        const why = (error instanceof Error ? error.message : String(error)).replaceAll(runId, 'RUN');
        this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
      });
  }
}

/** Each kind as often as it is to come, in a random order. */
function shuffled(random: Random): Happening[] {
  const bag = [...ALL];
  for (let i = bag.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [bag[i], bag[j]] = [bag[j] ?? 'migrate', bag[i] ?? 'migrate'];
  }
  return bag;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The runs that a round has. */
export const WORKS: readonly Work[] = [
  { task: 'forecast', size: 10_000, responsible: 'hub' },
  { task: 'optimise', size: 6_000, responsible: 'provider' },
];
