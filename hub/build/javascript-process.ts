/**
 * What runs in a process of its own to make a component of JavaScript: the only
 * importer of componentize-js. It runs the task's top level, which may never
 * end, in a program that no thread can stop; so the process leads a group, and
 * ends it when nobody holds the other end of its standard input any more.
 *
 * componentize-js 0.22.0 imports preview2-shim without depending on it, so this package does.
 */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';
import { COMPONENT_FD, orderFrom, type JavaScriptOrder } from './javascript-order.js';

/** Threads have a `process.stdin` that is not it. */
const STDIN_FD = 0;

/**
 * HTTP is not offered to tasks. What else the engine brings is: console.log is
 * the run's log; Date, performance and Math.random are the run's own.
 */
const DISABLED: ('http' | 'fetch-event')[] = ['http', 'fetch-event'];

if (isMainThread) await make(orderFrom(process.argv.slice(2)));
else endWithStandardInput();

async function make({ source, wit, world }: JavaScriptOrder): Promise<void> {
  void new Worker(new URL(import.meta.url));
  // Not in its declarations, but as it takes it: given as a path, the text cannot be read.
  const options = { sourcePath: source, witWorld: wit, worldName: world, disableFeatures: DISABLED };
  try {
    const { componentize } = await import('@bytecodealliance/componentize-js');
    const { component } = await componentize(options);
    for (let at = 0; at < component.length;) at += writeSync(COMPONENT_FD, component, at);
    process.exit(0);
  } catch (error) {
    writeSync(process.stderr.fd, error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/** In a thread of its own: the other one waits for the program that it started. */
function endWithStandardInput(): void {
  const input = new Socket({ fd: STDIN_FD });
  input.once('close', () => process.kill(-process.pid, 'SIGKILL'));
  input.resume();
}
