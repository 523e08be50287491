import { topicFault } from '../../runtime/index.js';
import { INTAKE_BOUNDS } from '../intake/limits.js';
import type { Invocation } from '../control/index.js';

export type ParsedInvocation =
  | { readonly ok: true; readonly invocation: Invocation }
  | { readonly ok: false; readonly fault: string };

/** `{ "topic": string, "payload": string in base64 }` -> an event for one task. */
export function invocationOf(task: string, body: string): ParsedInvocation {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return refused('the body must be JSON');
  }
  if (typeof value !== 'object' || value === null) return refused('the body must be an object');
  const { topic, payload = '' } = value as { readonly topic?: unknown; readonly payload?: unknown };
  if (typeof topic !== 'string') return refused('topic must be a string');
  const fault = topicFault(topic);
  if (fault !== undefined) return refused(`topic must be one that can be published to: ${fault}`);
  if (typeof payload !== 'string' || !/^[0-9A-Za-z+/]*={0,2}$/.test(payload)) {
    return refused('payload must be a string in base64');
  }
  const bytes = Buffer.from(payload, 'base64');
  if (bytes.length > INTAKE_BOUNDS.payloadBytes) {
    return refused(`payload must have at most ${INTAKE_BOUNDS.payloadBytes} bytes: it has ${bytes.length}`);
  }
  return { ok: true, invocation: { task, topic, payload: bytes } };
}

function refused(fault: string): ParsedInvocation {
  return { ok: false, fault };
}
