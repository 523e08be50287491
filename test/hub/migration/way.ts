import type { Hub } from '../../../hub/hub.js';
import { PEER } from './peer-links.js';

/** Points that the run comes to at the peer before it is asked home. */
const POINTS_THERE = 2;

/** What is asked of a run, whichever hub there is: that it moves to the peer, and home when it has come to some points. */
export class Way {
  #stage: 'to' | 'back' | 'home' = 'to';
  #cameTo = 0;
  #isAsked = false;

  /** Whether it has been away. */
  get hasLeft(): boolean {
    return this.#stage !== 'to';
  }

  /** There is another hub: what was asked of the one before may be lost. */
  newHub(): void {
    this.#isAsked = false;
  }

  look({ migrations, currentRuns }: Pick<Hub, 'migrations' | 'currentRuns'>): void {
    const runId = currentRuns.list()[0]?.runId;
    if (runId === undefined) return;
    const view = migrations.jobs.length === 0 ? undefined : migrations.of(runId);
    if (this.#stage === 'to' && view?.executes === 'provider') {
      [this.#stage, this.#cameTo, this.#isAsked] = ['back', view.point, false];
    }
    if (this.#stage === 'back' && view?.executes === 'hub') this.#stage = 'home';
    if (this.#isAsked) return;
    if (this.#stage === 'to' && view === undefined) this.#ask(migrations, runId, PEER);
    if (this.#stage === 'back' && view !== undefined && view.point >= this.#cameTo + POINTS_THERE) {
      this.#ask(migrations, runId, undefined);
    }
  }

  #ask(migrations: Hub['migrations'], runId: string, to: string | undefined): void {
    this.#isAsked = true;
    void migrations.migrate(runId, to, 'a test').then(({ ok }) => (this.#isAsked &&= ok));
  }
}
