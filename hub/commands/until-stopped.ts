/** Waits for the end of a command: SIGTERM, SIGINT, or the time it was given. */
export interface Stop {
  /** Resolves with what stopped it. */
  readonly stopped: Promise<string>;
  /** Lets go of the signals and the timer. */
  release(): void;
}

/** A second signal ends the process at once, for whoever does not want to wait. */
export function untilStopped(forMs: number | undefined): Stop {
  let resolve: (reason: string) => void = () => undefined;
  const stopped = new Promise<string>((done) => {
    resolve = done;
  });
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals++;
    if (signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
    resolve(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const timer = forMs === undefined ? undefined : setTimeout(() => resolve('time is up'), forMs);
  return {
    stopped,
    release: () => {
      clearTimeout(timer);
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
    },
  };
}
