/** Answers about tasks that come and go, checked as far as commands look at them. */
import type { DeployResult, RemoveResult } from '../deployments/index.js';

export type Deployed = Extract<DeployResult, { kind: 'deployed' }>;
export type Removed = Extract<RemoveResult, { kind: 'removed' }>;

/** @throws Error when it is something else. */
export function deployedOf(answer: unknown): Deployed {
  if (isDeployed(answer)) return answer;
  throw otherVersion();
}

/** @throws Error when it is something else. */
export function removedOf(answer: unknown): Removed {
  if (isRemoved(answer)) return answer;
  throw otherVersion();
}

function isDeployed(answer: unknown): answer is Deployed {
  return (
    isObject(answer) &&
    answer['kind'] === 'deployed' &&
    typeof answer['task'] === 'string' &&
    typeof answer['version'] === 'string' &&
    typeof answer['moved'] === 'number' &&
    typeof answer['dropped'] === 'number' &&
    areTexts(answer['warnings'])
  );
}

function isRemoved(answer: unknown): answer is Removed {
  return (
    isObject(answer) &&
    answer['kind'] === 'removed' &&
    typeof answer['dropped'] === 'number' &&
    areTexts(answer['warnings'])
  );
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function otherVersion(): Error {
  return new Error("the hub's answer is not known here: is it of another version?");
}
