import { execFile } from 'node:child_process';

/** Whether the machine can move a whole process, and why not: what it says first. */
export function wholeProcess(): Promise<string> {
  return new Promise((resolve) => {
    execFile('criu', ['check'], { timeout: 20_000 }, (error, _, stderr) => {
      if (error === null) return resolve('criu check passes here; not measured');
      if (error.code === 'ENOENT') return resolve('not possible here: criu is not installed');
      const said =
        stderr.split('\n').find((line) => line.startsWith('Error') && !line.includes('exited')) ?? error.message;
      resolve(`not possible here: ${said.trim()}`);
    });
  });
}
