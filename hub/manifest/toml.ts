import { parse, TomlError } from 'smol-toml';

export type ParsedToml =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly line: number; readonly message: string };

/** Reads TOML 1.0. */
export function parseToml(source: string): ParsedToml {
  try {
    return { ok: true, value: parse(source, { maxDepth: 16, unsafeKeyBehaviour: 'throw' }) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The library's message goes on with an excerpt of the file.
    const [first = 'not TOML'] = error.message.split('\n');
    return { ok: false, line: error.line, message: first };
  }
}
