/** What the building program and the process that compiles JavaScript say to each other. */

export interface JavaScriptOrder {
  /** The path of the source. */
  readonly source: string;
  /** A WIT text, and the world in it that the component is of. */
  readonly wit: string;
  readonly world: string;
}

/** Where that process writes the component to. */
export const COMPONENT_FD = 3;

/** An order as arguments of that process. */
export function argumentsOf({ source, wit, world }: JavaScriptOrder): string[] {
  return [source, wit, world];
}

export function orderFrom([source = '', wit = '', world = '']: readonly string[]): JavaScriptOrder {
  return { source, wit, world };
}
