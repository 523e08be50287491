/** Preloaded into the processes of a flawed build: `node --import`. */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  register('./hooks.js', import.meta.url, { data: JSON.parse(process.env['STERNA_TEST_FLAW'] ?? '') as unknown });
}
