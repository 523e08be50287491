/** Why no provider takes a task, in words. */
import type { Limits } from '../../runtime/index.js';
import { loweredFrom, type RemoteProvider } from '../session/index.js';

type Asked = Pick<RemoteProvider, 'name' | 'isFaulty' | 'status' | 'refusalOf' | 'capsOf'>;

/** @param limits The task's own: it may execute nowhere else, and so not with less. */
export function noTaker(task: string, limits: Limits, providers: readonly Asked[]): string {
  if (providers.length === 0) return 'this hub has no provider: sterna provider add';
  return `no provider takes it: ${providers.map((provider) => refusalOf(task, limits, provider)).join('; ')}`;
}

function refusalOf(task: string, limits: Limits, provider: Asked): string {
  const { name } = provider;
  if (provider.isFaulty) return `the provider ${name} was at fault: ${provider.status.reason}`;
  const refusal = provider.refusalOf(task);
  if (refusal !== undefined) return refusal;
  const lowered = Object.entries(loweredFrom(limits, provider.capsOf(task) ?? {}));
  const less = lowered.map(([limit, { asked, there }]) => `${limit} from ${asked} to ${there}`).join(', ');
  return `the provider ${name} lowers its limits, ${less}, and it may execute nowhere else`;
}
