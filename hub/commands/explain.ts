import { ApiError, whereaboutsOf, type ApiClient, type MigrationView } from '../api/index.js';
import { printable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { movesTable } from './run-words.js';

/** What providers may say in a reason, as long as a person reads on. */
const SAID = 1_000;

/** `sterna explain RUN`: where a run was placed and moved, and why. Answers with 1 when the hub does not know it any more. */
export function explainCommand(run: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get(`/v1/placement?run=${encodeURIComponent(run)}`);
    const migration = await migrationOf(client, run);
    const placed = linesOf(answer);
    const moves = migration === undefined ? [] : ['', ...movesTable(migration.notes, migration.provider)];
    const lines = [...placed, ...moves];
    if (options.json) printJson(out, typeof answer === 'object' ? { ...answer, migration: migration ?? null } : answer);
    else if (lines.length === 0) out.write(`${nothingOf(run)}\n`);
    else for (const line of lines) out.write(`${line}\n`);
    return lines.length === 0 ? 1 : 0;
  });
}

/** Undefined for a run that did not move, or so long ago that it is forgotten. */
async function migrationOf(client: ApiClient, run: string): Promise<MigrationView | undefined> {
  try {
    const answer = await client.get(`/v1/current-runs/${encodeURIComponent(run)}/migration`);
    return whereaboutsOf(answer).migration ?? undefined;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function nothingOf(run: string): string {
  return `Nothing is known of ${run}: it ran here, as all runs do without an application (sterna hub --app), or it was too long ago.`;
}

function linesOf(answer: unknown): readonly string[] {
  if (typeof answer !== 'object' || answer === null || !('decisions' in answer)) return [];
  const { decisions } = answer;
  if (!Array.isArray(decisions)) return [];
  const waits = 'waitsFor' in answer ? [`waits now, as ${printable(String(answer.waitsFor), SAID)}`] : [];
  const placed = decisions.flatMap((decision: unknown): string[] => {
    if (typeof decision !== 'object' || decision === null || !('side' in decision) || !('reason' in decision))
      return [];
    const where =
      decision.side === 'remote' && 'provider' in decision
        ? `at ${String(decision.provider)}`
        : sideText(decision.side);
    return [`${where}, as ${printable(String(decision.reason), SAID)}`];
  });
  return [...placed, ...waits];
}

function sideText(side: unknown): string {
  return side === 'wait' ? 'waits' : 'here';
}
