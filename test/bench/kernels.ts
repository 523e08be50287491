import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { main as asc } from 'assemblyscript/asc';

/** A small AssemblyScript program that exports `run(): f64`, compiled as a plain core module. */
export interface Kernel {
  readonly name: string;
  readonly module: Uint8Array;
}

/**
 * Compiles every kernel of a folder with `-O3` and the runtime that tasks have.
 * @throws Error naming the one that does not compile; what asc said about it is on stderr.
 */
export async function compileKernels(folder: string): Promise<Kernel[]> {
  const out = await mkdtemp(path.join(tmpdir(), 'sterna-kernels-'));
  try {
    const kernels: Kernel[] = [];
    for (const file of (await readdir(folder)).toSorted()) {
      const name = path.basename(file, '.ts');
      const wasm = path.join(out, `${name}.wasm`);
      const { error } = await asc(
        [path.join(folder, file), '-O3', '--runtime', 'stub', '--use', 'abort=', '-o', wasm],
        {
          stderr: process.stderr,
        },
      );
      if (error) throw new Error(`${file} does not compile`, { cause: error });
      kernels.push({ name, module: new Uint8Array(await readFile(wasm)) });
    }
    return kernels;
  } finally {
    await rm(out, { recursive: true });
  }
}
