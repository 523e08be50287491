/** Tells where an application and the deployed tasks do not fit one another, each fault once while it lasts. */
import type { Logger } from '../log.js';
import type { Manifest } from '../manifest/index.js';
import type { App } from './app.js';

export class AppFaults {
  readonly #app: Pick<App, 'name' | 'faultsWith'>;
  readonly #log: Pick<Logger, 'warn'>;
  #told: ReadonlySet<string> = new Set();

  constructor(app: Pick<App, 'name' | 'faultsWith'>, log: Pick<Logger, 'warn'>) {
    this.#app = app;
    this.#log = log;
  }

  /**
   * @param how.refuse A hub that starts refuses a contradiction; a task that is not there may be deployed later.
   * @throws Error with all contradictions, when they are to be refused.
   */
  look(tasks: readonly Manifest[], { refuse }: { readonly refuse: boolean }): void {
    const faults = this.#app.faultsWith(tasks);
    const wrong = faults.filter(({ isAbsence }) => !isAbsence).map(({ message }) => message);
    if (refuse && wrong.length > 0) {
      throw new Error(`The application ${this.#app.name} contradicts its tasks:\n${wrong.join('\n')}`);
    }
    const messages = faults.map(({ message }) => message);
    for (const message of messages) {
      if (!this.#told.has(message)) this.#log.warn({ app: this.#app.name, fault: message }, 'the application');
    }
    this.#told = new Set(messages);
  }
}
