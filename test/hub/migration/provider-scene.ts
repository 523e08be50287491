/** A hub and a real provider in this process, with a session over a link that does as it is told. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Placement } from '../../../hub/placement/index.js';
import { connectLink } from '../../../hub/session/provider-link.js';
import { decodeHubMessage, newSigningKey, type JoinToken } from '../../../provider/protocol/index.js';
import { providerUnderTest, type ProviderUnderTest } from '../../provider/provider-under-test.js';
import { until } from '../../runtime/eventually.js';
import { realHub, type RealHub, type RealHubOptions } from '../parking/real-hub.js';
import { placementBy } from '../placement/placement-under-test.js';

/** What the provider is called at the hub. */
export const SHED = 'shed';

/** What providers of this process have prepared: that takes longer than what they are to show. */
const prepared = mkdtempSync(join(tmpdir(), 'sterna-prepared-'));
process.once('exit', () => rmSync(prepared, { recursive: true, force: true }));

/** A link that is lost is known to be when it is closed; and nobody takes over before it is back. */
const TIMES = { helloMs: 5_000, heartbeatMs: 500, leaseMs: 60_000 };

/** Runs stand at each point until the hub has answered. */
function appOf(responsible: 'hub' | 'provider'): string {
  return `[placement]
default = "prefer-local"
checked = 0
[tasks.long]
responsible = "${responsible}"
mode = "synchronous"
point = "30 ms"
reclaim = "10 min"
`;
}

export interface ProviderSceneOptions extends Pick<RealHubOptions, 'tasks' | 'component'> {
  /** Who goes on with its runs when the link is lost. Default: the hub, when it has waited for the lease. */
  readonly responsible?: 'hub' | 'provider';
}

export class ProviderScene {
  readonly #t: Test;
  readonly #options: ProviderSceneOptions;
  readonly #dir: string;
  readonly #keys = { hub: newSigningKey(), provider: newSigningKey() };
  #token: JoinToken | undefined;
  #provider: ProviderUnderTest | undefined;
  #hub: RealHub | undefined;
  #placed: Placement | undefined;
  #isCut = false;
  #isHeld = false;
  /** Sends what was held, on the link of now. */
  #release = (): void => undefined;
  #cutNow = (): void => undefined;

  private constructor(t: Test, options: ProviderSceneOptions) {
    this.#t = t;
    this.#options = options;
    this.#dir = t.testdir({});
  }

  static async begin(t: Test, options: ProviderSceneOptions): Promise<ProviderScene> {
    const scene = new ProviderScene(t, options);
    await scene.startProvider();
    await scene.startHub(options.tasks);
    return scene;
  }

  get hub(): RealHub {
    if (this.#hub === undefined) throw new Error('the hub was not started');
    return this.#hub;
  }

  /** Of the hub. */
  get placement(): Placement {
    if (this.#placed === undefined) throw new Error('the hub was not started');
    return this.#placed;
  }

  /** By which the provider knows the hub. */
  get hubKey(): Uint8Array {
    return this.#keys.hub.publicKey;
  }

  get provider(): ProviderUnderTest {
    if (this.#provider === undefined) throw new Error('the provider was not started');
    return this.#provider;
  }

  /** On what an earlier one has left, if there was one. */
  async startProvider(): Promise<void> {
    const before = this.#provider;
    cpSync(prepared, join(this.#dir, 'provider', 'prepared'), { recursive: true });
    this.#provider = await providerUnderTest(this.#t, {
      dataDir: join(this.#dir, 'provider'),
      key: this.#keys.provider,
      threads: 1,
      times: TIMES,
      ...(before === undefined ? {} : { port: before.port }),
    });
    this.#token ??= await this.#provider.invite();
  }

  /** On what an earlier one has left, if there was one. */
  async startHub(tasks: RealHubOptions['tasks'] = {}): Promise<void> {
    const { component } = this.#options;
    const placement = this.#newPlacement();
    this.#placed = placement;
    const from = component === undefined ? {} : { component };
    this.#hub = await realHub(this.#t, { tasks, dir: this.#dir, placement, ...from });
  }

  /** Ends the connection, seen by both at once, until `restore`. */
  cut(): void {
    this.#isCut = true;
    this.#cutNow();
  }

  restore(): void {
    this.#isCut = false;
  }

  /** What the hub says of runs that move waits, until `letGo`: so they stand at their points. */
  hold(): void {
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
    this.#release();
  }

  /** Resolves when the provider takes the version of a task that is in force. */
  async isTaken(name: string): Promise<void> {
    const { tasks, migrations } = this.hub.hub;
    const task = tasks.find(({ manifest }) => manifest.name === name);
    if (task === undefined) throw new Error(`there is no task ${name}`);
    await until('the provider takes it', 60_000, () => migrations.links.outlook(task, SHED) !== undefined);
    cpSync(join(this.provider.dataDir, 'prepared'), prepared, { recursive: true });
  }

  /** Has a run of a task execute at the provider. Resolves when it does. */
  async sendAway(task: string): Promise<string> {
    const run = this.hub.runOf(task);
    const { migrations } = this.hub.hub;
    const answer = await migrations.migrate(run, SHED, 'by hand');
    if (!answer.ok) throw new Error(answer.reason);
    await until('it executes there', 30_000, () => migrations.of(run)?.executes === 'provider');
    return run;
  }

  #newPlacement(): Placement {
    if (this.#token === undefined) throw new Error('there was no provider yet');
    return placementBy(appOf(this.#options.responsible ?? 'hub'), {
      providers: [{ name: SHED, token: this.#token }],
      key: this.#keys.hub,
      connect: async (to, events) => {
        if (this.#isCut) throw new Error('the test has cut it');
        const link = await connectLink(to, events);
        let held: Uint8Array[] = [];
        this.#release = () => {
          for (const bytes of held) link.send(bytes);
          held = [];
        };
        this.#cutNow = () => {
          link.cut();
          events.closed('the test has cut it');
        };
        return {
          binding: link.binding,
          get bufferedBytes() {
            return link.bufferedBytes;
          },
          send: (bytes) => {
            if (this.#isHeld && isOfMove(bytes)) held.push(bytes);
            else link.send(bytes);
          },
          close: () => link.close(),
          cut: () => link.cut(),
        };
      },
    });
  }
}

function isOfMove(bytes: Uint8Array): boolean {
  const { type } = decodeHubMessage(bytes);
  return type === 'move' || type === 'piece';
}
