import type { Effect } from '../../runtime/index.js';
import { shownBytes } from './shown-bytes.js';

/** Its bytes as text where they are. */
export function shownEffect(effect: Effect): object {
  switch (effect.kind) {
    case 'publish':
      return { ...effect, payload: shownBytes(effect.payload) };
    case 'set':
      return { ...effect, value: shownBytes(effect.value) };
    case 'delete':
      return effect;
  }
}
