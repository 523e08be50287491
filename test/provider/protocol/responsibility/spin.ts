/** Runs SPIN on responsibility.pml: searches every state, or plays one way through it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../package-root.js';

const MODEL = join(PACKAGE_ROOT, 'test/provider/protocol/responsibility/responsibility.pml');

/** Of one program. A search that needs more memory, or is deeper, says so and is not complete. */
const TIMEOUT_MS = 120_000;
const MEMORY_MIB = 1_400;
const DEEPEST = 500_000;
const OUTPUT_BYTES = 64 * 1_024 * 1_024;

/** What is searched: names that responsibility.pml explains. */
export type Bounds = Readonly<Record<string, number | true>>;

interface Search {
  /** What is wrong, in SPIN's words; undefined: nothing is. */
  readonly error: string | undefined;
  /** How that comes about, a line each; empty without an error. */
  readonly trail: readonly string[];
  readonly isComplete: boolean;
  readonly states: number;
  readonly depth: number;
  /** Statements that nothing led to. */
  readonly unreached: readonly string[];
}

export function isSpinHere(): boolean {
  return ['spin', 'gcc'].every((command) => spawnSync(command, ['--version']).error === undefined);
}

/**
 * Tries all that can happen within the bounds, in an empty folder. `isShortest`: in breadth, so that a trail is the
 * shortest that there is; it costs twenty times the states.
 *
 * @throws Error when the model does not compile, or a program does not end in time.
 */
export function search(folder: string, bounds: Bounds, isShortest = false): Search {
  const isLive = bounds['CALM'] === true;
  run(folder, 'spin', [...definitions(bounds), '-a', MODEL]);
  const kind = isLive ? [] : ['-DSAFETY', ...(isShortest ? ['-DBFS'] : [])];
  // Compiling is most of the time.
  run(folder, 'gcc', [
    isShortest ? '-O0' : '-O1',
    '-w',
    ...kind,
    '-DCOLLAPSE',
    `-DMEMLIM=${MEMORY_MIB}`,
    '-o',
    'pan',
    'pan.c',
  ]);
  const said = run(folder, join(folder, 'pan'), [`-m${DEEPEST}`, ...(isLive ? ['-a'] : [])]);
  const error = /^pan:\d+: (.*)$/m.exec(said)?.[1];
  return {
    error,
    trail: error === undefined ? [] : trailOf(folder, bounds),
    isComplete: /errors: 0/.test(said) && !/not completed|too small|out of memory|reached -DMEMLIM/i.test(said),
    states: Number(/(\d+) states, stored/.exec(said)?.[1]),
    depth: Number(/depth reached (\d+)/.exec(said)?.[1]),
    unreached: unreachedIn(said),
  };
}

/** Steps of a walk by chance, the same for the same seed. */
export function walk(folder: string, bounds: Bounds, { seed, steps }: { seed: number; steps: number }): string[] {
  const args = [...definitions({ ...bounds, WALK: true }), '-T', `-n${seed}`, `-u${steps}`, MODEL];
  return linesOf(run(folder, 'spin', args));
}

function trailOf(folder: string, bounds: Bounds): string[] {
  const args = [...definitions(bounds), '-T', '-k', 'responsibility.pml.trail', MODEL];
  return linesOf(run(folder, 'spin', args)).map(named);
}

const OF_A_MESSAGE = ['epoch', 'base', 'from', 'point', 'whole', 'responsible', 'offer'];
const OF_A_SIDE = 'epoch base point common responsible agreed open offer linked released over executes waits'.split(
  ' ',
);

/** A line with the names of its figures. 0: the hub, or no; 1: the provider, or yes. */
function named(line: string): string {
  const names = /^ {2}is/.test(line) ? OF_A_SIDE : / reached /.test(line) ? ['responsible', 'offer'] : OF_A_MESSAGE;
  let at = 0;
  return line.replaceAll(/-?\b\d+/g, (figure) => `${names[at++]} ${figure}`);
}

/** What the model prints, without what SPIN adds. */
function linesOf(said: string): string[] {
  return said.split('\n').filter((line) => /^(h|p|new|  says|  is) /.test(line));
}

function unreachedIn(said: string): string[] {
  const [, part = ''] = said.split('unreached in proctype pair');
  const [own = ''] = part.split('unreached in claim');
  return Array.from(own.matchAll(/state \d+, "(.*)"/g), ([, statement = '']) => statement);
}

function definitions(bounds: Bounds): string[] {
  return Object.entries(bounds).map(([name, value]) => `-D${name}${value === true ? '' : `=${value}`}`);
}

function run(cwd: string, command: string, args: readonly string[]): string {
  const options = { cwd, encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES } as const;
  const { stdout, stderr, error } = spawnSync(command, args, options);
  if (error !== undefined) throw error;
  if (/syntax error|aborting/.test(stdout + stderr)) throw new Error(stdout + stderr);
  return stdout + stderr;
}
