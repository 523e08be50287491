/** Why runs of a task can neither stand still nor move, in words. */
export function notResumable(task: string): string {
  return `its task "${task}" is not resumable: say "resumable = true" in its task.toml, if "sterna inspect ${task}" says that it can be`;
}
