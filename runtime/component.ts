/** Wraps a core module whose exports fit `world` as a component. */
export function componentFromCore(_core: Uint8Array, _world: string): Promise<Uint8Array> {
  throw new Error('not yet');
}
