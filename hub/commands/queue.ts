import { queueOf } from '../api/index.js';
import { durationText, printable, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

/** `sterna queue`: what waits for each task of a running hub. */
export function queueCommand(options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get('/v1/queue');
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const rows = queueOf(answer).map(({ task, waiting, oldestMs, shaped, held, replacing, waitsFor }) => {
      const oldest = oldestMs === undefined ? '' : durationText(oldestMs);
      return [
        task,
        String(waiting),
        oldest,
        String(shaped),
        String(held),
        replacing ? 'for the last runs of the old version' : printable(waitsFor ?? '', 200),
      ];
    });
    for (const line of textTable(['task', 'waiting', 'oldest', 'in shaping', 'with the broker', ''], rows))
      out.write(`${line}\n`);
    return 0;
  });
}
