/** JavaScript to a component, in a process of its own that ends with this one. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { argumentsOf, COMPONENT_FD, type JavaScriptOrder } from './javascript-order.js';

const PROGRAM = fileURLToPath(new URL('./javascript-process.js', import.meta.url));
const STDERR_FD = 2;

export type CompiledJavaScript =
  | { readonly ok: true; readonly component: Uint8Array }
  /** What componentize-js said. */
  | { readonly ok: false; readonly text: string };

export async function compileJavaScript(order: JavaScriptOrder): Promise<CompiledJavaScript> {
  const child = spawn(process.execPath, [PROGRAM, ...argumentsOf(order)], {
    detached: true, // a group of its own
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const [component, said, how] = await Promise.all([
    bytesOf(child.stdio[COMPONENT_FD]),
    bytesOf(child.stdio[STDERR_FD]),
    ended,
  ]);
  if (how === 0) return { ok: true, component };
  const text = said.toString('utf8').trim();
  return { ok: false, text: text === '' ? `the compiler ended with ${how} and said nothing` : text };
}

async function bytesOf(stream: unknown): Promise<Buffer> {
  if (!(stream instanceof Readable)) throw new Error('the compiling process has no such output');
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<unknown>) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks);
}
