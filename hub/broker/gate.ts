import type { BrokerError } from './errors.js';

/** Passed once, when the first connection stands. */
export class Gate {
  private settle: ((error?: BrokerError) => void) | undefined;
  private result: BrokerError | 'open' | undefined;
  private lastCause: Error | undefined;

  open(): void {
    this.finish('open');
  }

  fail(error: BrokerError): void {
    this.finish(error);
  }

  /** Why it is still shut. */
  note(cause: Error): void {
    this.lastCause = cause;
  }

  pass(withinMs: number, tooLate: (cause: Error | undefined) => BrokerError): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void => this.finish(tooLate(this.lastCause));
      const timer = withinMs === Infinity ? undefined : setTimeout(late, Math.max(0, withinMs));
      this.settle = (error) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
      if (this.result !== undefined) this.settle(this.result === 'open' ? undefined : this.result);
    });
  }

  private finish(result: BrokerError | 'open'): void {
    if (this.result !== undefined) return;
    this.result = result;
    this.settle?.(result === 'open' ? undefined : result);
  }
}
