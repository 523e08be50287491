/**
 * Where a session is, and what may come next: pure, the same for both sides.
 *
 *     greeted --hello--> open --drain--> draining --close--> closed
 *
 * and for the configuration, within open:
 *
 *     none --configure--> proving --proofs--> receiving --all there--> provisioning --done--> ready
 *                            ^-------------------- configure ------------------------------------'
 *
 * Runs go on while a later configuration is being received: each names a task
 * of the last one that was ready.
 */
import { ProtocolError } from './errors.js';
import type { HubMessageType } from './messages.js';

type Phase = 'greeted' | 'open' | 'draining' | 'closed';
type Configuring = 'none' | 'proving' | 'receiving' | 'provisioning' | 'ready';

export interface SessionState {
  readonly phase: Phase;
  readonly configuring: Configuring;
  /** The number of the last configuration; 0 before the first. */
  readonly config: number;
  /** Whether a configuration has ever been ready, so that runs may come. */
  readonly hasTasks: boolean;
}

export const GREETED: SessionState = { phase: 'greeted', configuring: 'none', config: 0, hasTasks: false };

/** A message of which only the type counts. */
type PlainMessage = {
  [Type in Exclude<HubMessageType, 'configure' | 'proofs'>]: { readonly type: Type };
}[Exclude<HubMessageType, 'configure' | 'proofs'>];

/** What happens to a session: a message of the hub, or something the provider did. */
export type SessionInput =
  | PlainMessage
  | { readonly type: 'configure' | 'proofs'; readonly config: number }
  /** The last component that was missing is there. */
  | { readonly type: 'received' }
  /** All tasks are ready or refused. */
  | { readonly type: 'provisioned' };

/** The state after `input`. @throws ProtocolError 'out-of-turn' naming what is allowed */
export function nextState(state: SessionState, input: SessionInput): SessionState {
  if (input.type === 'close') return { ...state, phase: 'closed' };
  switch (state.phase) {
    case 'greeted':
      if (input.type === 'hello') return { ...state, phase: 'open' };
      throw outOfTurn(input, 'the first message must be hello');
    case 'open':
      return inOpen(state, input);
    case 'draining':
      if (input.type === 'cancel' || input.type === 'beat' || input.type === 'state') return state;
      // Runs that move come home.
      if (input.type === 'move' || input.type === 'piece') return state;
      if (input.type === 'received' || input.type === 'provisioned' || input.type === 'chunk') return state;
      throw outOfTurn(input, 'the session is draining');
    case 'closed':
      throw outOfTurn(input, 'the session is closed');
  }
}

function inOpen(state: SessionState, input: Exclude<SessionInput, { type: 'close' }>): SessionState {
  switch (input.type) {
    case 'hello':
      throw outOfTurn(input, 'a session begins once');
    case 'configure':
      if (input.config <= state.config) throw outOfTurn(input, `its number must be above ${state.config}`);
      return { ...state, configuring: 'proving', config: input.config };
    case 'proofs':
      if (input.config < state.config) return state;
      if (state.configuring !== 'proving') throw outOfTurn(input, 'no challenge is open');
      return { ...state, configuring: 'receiving' };
    case 'chunk':
      // One of an earlier configuration may still be on its way.
      if (state.config === 0) throw outOfTurn(input, 'no component is wanted');
      return state;
    case 'received':
      return state.configuring === 'receiving' ? { ...state, configuring: 'provisioning' } : state;
    case 'provisioned':
      return { ...state, configuring: 'ready', hasTasks: true };
    case 'runs':
      if (!state.hasTasks) throw outOfTurn(input, 'no configuration is ready yet');
      return state;
    case 'drain':
      return { ...state, phase: 'draining' };
    case 'state':
    case 'cancel':
    case 'beat':
    // Also before tasks are ready: a run that moves was there before the session.
    case 'move':
    case 'piece':
      return state;
  }
}

function outOfTurn({ type }: SessionInput, why: string): ProtocolError {
  return new ProtocolError('out-of-turn', `The message ${type} is not allowed now: ${why}`);
}
