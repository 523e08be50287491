import { manifestJsonSchema } from '../manifest/index.js';

/** `sterna schema`: prints the JSON Schema of task.toml, for editors. */
export function schemaCommand(out: { write(text: string): unknown }): number {
  out.write(`${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`);
  return 0;
}
