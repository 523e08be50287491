/** Versions of the protocol that this program speaks, the latest last. The first had no runs that move. */
export const VERSIONS: readonly number[] = [2];

/** The latest version that both sides speak, or undefined. */
export function commonVersion(ours: readonly number[], theirs: readonly number[]): number | undefined {
  return ours.filter((version) => theirs.includes(version)).toSorted((a, b) => b - a)[0];
}
