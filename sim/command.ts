/** `sterna sim`: publishes a simulated home to a broker and reports what came back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectSim } from './connection.js';
import { SIM_LIMITS } from './limits.js';
import { runSim, type SimOptions, type Timing } from './run.js';

export interface SimCommandOptions {
  /** mqtt://HOST:PORT */
  readonly broker: string;
  readonly seed?: number | undefined;
  /** Simulated seconds per second. */
  readonly speed?: number | undefined;
  readonly rooms?: number | undefined;
  /** Real milliseconds; without it, until the signal, or Ctrl-C. */
  readonly forMs?: number | undefined;
  /** Names of rogue tasks to wake: `rogue/<name>/poke`. */
  readonly poke?: readonly string[] | undefined;
  /** Stops it. Without one, SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal | undefined;
  readonly write?: ((line: string) => void) | undefined;
  readonly writeError?: ((line: string) => void) | undefined;
}

const TIMING: Timing = {
  nowMs: () => performance.now(),
  wait: async (ms, signal) => {
    try {
      await sleep(ms, undefined, { signal });
    } catch {
      // Told to stop: the caller looks at the signal.
    }
  },
};

/** @returns the exit code: 0, or 1 when the broker cannot be reached, or 2 when an option is out of bounds. */
export async function simCommand(options: SimCommandOptions): Promise<number> {
  const write = options.write ?? ((line) => void process.stdout.write(`${line}\n`));
  const writeError = options.writeError ?? ((line) => void process.stderr.write(`${line}\n`));
  const compiled = compile(options);
  if (typeof compiled === 'string') {
    writeError(`sterna sim: ${compiled}`);
    return 2;
  }
  const stop = options.signal === undefined ? stopOnSignals() : { signal: options.signal, release: () => undefined };
  try {
    write(await runSim(compiled, (heard) => connectSim(options.broker, heard), TIMING, stop.signal));
    return 0;
  } catch (error) {
    writeError(`sterna sim: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    stop.release();
  }
}

/** The options in full, or what is wrong with them. */
function compile(options: SimCommandOptions): SimOptions | string {
  const seed = options.seed ?? SIM_LIMITS.seed.byDefault;
  const speed = options.speed ?? SIM_LIMITS.speed.byDefault;
  const rooms = options.rooms ?? SIM_LIMITS.rooms.byDefault;
  const { forMs, poke = [] } = options;
  const fault =
    outside('--seed', seed, SIM_LIMITS.seed, true) ??
    outside('--speed', speed, SIM_LIMITS.speed, false) ??
    outside('--rooms', rooms, SIM_LIMITS.rooms, true) ??
    (forMs !== undefined && !(forMs > 0) ? '--for must be longer than 0' : undefined) ??
    badName(poke);
  return fault ?? { seed, speed, rooms, forMs, poke };
}

function outside(
  name: string,
  value: number,
  { least, most }: { least: number; most: number },
  whole: boolean,
): string | undefined {
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
  return fits ? undefined : `${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}: it is ${value}`;
}

function badName(names: readonly string[]): string | undefined {
  const bad = names.find((name) => !/^[a-z][a-z0-9-]{0,62}$/.test(name));
  return bad === undefined ? undefined : `--poke takes names of tasks, such as "spin": "${bad}" is none`;
}

function stopOnSignals(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
