#!/usr/bin/env node
/** The binary: argv -> command -> exit code. The code of a command is loaded when it is asked for. */
import { readFileSync } from 'node:fs';
import {
  addCheckpoints,
  addDeadLetters,
  addPlacement,
  addPrograms,
  addProvider,
  addRuns,
  addTasks,
  helpOnErrors,
  program,
} from './command-line/index.js';

const VERSION = packageVersion();

const sterna = program('sterna', VERSION).description(
  'Runs small sandboxed tasks on the hub between devices and the internet.',
);
addPrograms(sterna, VERSION);
addProvider(sterna);
addTasks(sterna);
addRuns(sterna);
addCheckpoints(sterna);
addDeadLetters(sterna);
addPlacement(sterna);
helpOnErrors(sterna);

try {
  await sterna.parseAsync();
} catch (error) {
  process.stderr.write(`sterna: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function packageVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}
