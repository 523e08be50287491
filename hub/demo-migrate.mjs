/**
 * What `npm run demo:migrate` runs: installs and builds what is missing, then
 * shows long runs that move to another process and back while the link
 * between them is cut. It ends by itself: with 0 when all was as promised.
 *
 * Plain JavaScript with only Node's own modules, as `start.mjs` is.
 */
import { COMPONENT } from './demo/long-tasks.mjs';
import { showMoves } from './demo/story.mjs';
import { buildTasks, compile, installPackages, requireNode } from './start/prepare.mjs';
import { heedSignals, Plain, stopping } from './start/programs.mjs';

heedSignals();
try {
  requireNode();
  await installPackages();
  await compile();
  await buildTasks([COMPONENT]);
  process.exitCode = await showMoves();
} catch (error) {
  if (!(error instanceof Plain)) throw error;
  process.stderr.write(`npm run demo:migrate: ${error.message}\n`);
  process.exitCode = stopping() ? 130 : 1;
}
