import { asking, printJson, type AskOptions, type Output } from './asking.js';

/** `sterna explain RUN`: where a run was placed, and why. Answers with 1 when the hub does not know it any more. */
export function explainCommand(run: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get(`/v1/placement?run=${encodeURIComponent(run)}`);
    const lines = linesOf(answer);
    if (options.json) printJson(out, answer);
    else if (lines.length === 0) out.write(`Nothing is known of ${run}: it ran here as all runs do, or long ago.\n`);
    else for (const line of lines) out.write(`${line}\n`);
    return lines.length === 0 ? 1 : 0;
  });
}

function linesOf(answer: unknown): readonly string[] {
  if (typeof answer !== 'object' || answer === null || !('decisions' in answer)) return [];
  const { decisions } = answer;
  if (!Array.isArray(decisions)) return [];
  const waits = 'waitsFor' in answer ? [`waits now, as ${String(answer.waitsFor)}`] : [];
  const placed = decisions.flatMap((decision: unknown): string[] => {
    if (typeof decision !== 'object' || decision === null || !('side' in decision) || !('reason' in decision))
      return [];
    const where =
      decision.side === 'remote' && 'provider' in decision
        ? `at ${String(decision.provider)}`
        : sideText(decision.side);
    return [`${where}, as ${String(decision.reason)}`];
  });
  return [...placed, ...waits];
}

function sideText(side: unknown): string {
  return side === 'wait' ? 'waits' : 'here';
}
