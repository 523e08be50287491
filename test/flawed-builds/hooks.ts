/** Loads a build as it would be with a rule left out. */
import type { InitializeHook, LoadHook } from 'node:module';

export interface Flaw {
  /** The module, from `dist/` on. */
  readonly file: string;
  /** What stands in it once, as it was compiled. */
  readonly sound: string;
  /** What is to stand there. */
  readonly flawed: string;
}

let flaw: Flaw | undefined;

export const initialize: InitializeHook<Flaw> = (given) => {
  flaw = given;
};

/** @throws Error where the flaw does not fit the build: then it would show nothing. */
export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (flaw === undefined || !url.endsWith(`/dist/${flaw.file}`)) return loaded;
  const source = Buffer.from(loaded.source as Uint8Array).toString();
  const parts = source.split(flaw.sound);
  if (parts.length !== 2) throw new Error(`${flaw.file} has ${parts.length - 1} times: ${flaw.sound}`);
  return { ...loaded, source: parts.join(flaw.flawed) };
};
