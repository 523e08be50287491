import { asking, printJson, type AskOptions, type Output } from './asking.js';

const DONE = {
  park: 'stands still, until: sterna resume',
  resume: 'goes on when its turn comes',
  cancel: 'is cancelled, and has no effect',
} as const;

/** `sterna park RUN`, `sterna resume RUN`, `sterna cancel RUN`: runs that have begun and are not over. */
export function currentRunCommand(
  what: keyof typeof DONE,
  runId: string,
  { options, out }: { readonly options: AskOptions; readonly out: Output },
): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.post(`/v1/current-runs/${encodeURIComponent(runId)}/${what}`, {});
    if (options.json) printJson(out, answer);
    else out.write(`${runId} ${DONE[what]}${what === 'park' ? ` ${runId}` : ''}\n`);
    return 0;
  });
}
