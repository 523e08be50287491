import { quantile, type Tally } from './tally.js';

export interface RunFacts {
  readonly rooms: number;
  readonly seed: number;
  readonly speed: number;
  readonly wallMs: number;
  readonly simulatedMs: number;
}

/** What a simulation sent and what came back, for a person. Pure. */
export function formatReport(tally: Tally, facts: RunFacts): string {
  const lines = [
    `simulated home: ${facts.rooms} rooms, seed ${facts.seed}; ${span(facts.simulatedMs)} at ${facts.speed}x in ${span(facts.wallMs)}`,
    `  sent       ${counts(tally.sent)}`,
    `  obeyed     ${counts(tally.obeyed)}${tally.notUnderstood > 0 ? `; not understood ${tally.notUnderstood}` : ''}`,
  ];
  if (tally.heard.size > 0) lines.push(`  also heard ${counts(tally.heard)}`);
  for (const [kind, latencies] of [...tally.latenciesMs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    if (p50 === undefined || p99 === undefined) continue;
    lines.push(
      `  latency    sensor to ${kind} command: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (${latencies.length} commands)`,
    );
  }
  return lines.join('\n');
}

function counts(map: ReadonlyMap<string, number>): string {
  let total = 0;
  const parts: string[] = [];
  for (const [name, count] of [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    total += count;
    parts.push(`${name} ${count}`);
  }
  return parts.length === 0 ? 'nothing' : `${total} (${parts.join(', ')})`;
}

function span(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7_200) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
