/** Waiting for what happens elsewhere, with a deadline. */

/** Resolves when `holds` does. @throws Error naming `what` when it takes longer than `ms`. */
export async function until(what: string, ms: number, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    // A turn of the loop, in which messages arrive.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The promise's value. @throws Error naming `what` when it takes longer than `ms`. */
export async function within<Value>(what: string, ms: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
