/** Answers about providers, checked as far as commands look at them. */
import type { Conditions, PlannedNow, ProviderStatus, TaskThere } from '../placement/index.js';

type Fields = Readonly<Record<string, unknown>>;

export interface PlacementAnswer extends ConditionsAnswer {
  readonly providers: readonly ProviderStatus[];
}

export interface ConditionsAnswer {
  /** Nothing in it where the hub was started without an application. */
  readonly conditions: Partial<Conditions>;
  readonly tasks: readonly PlannedNow[];
}

export function placementOf(answer: unknown): PlacementAnswer {
  if (isPlacement(answer)) return answer;
  throw new Error("the hub's answer has no providers: is it of another version?");
}

export function conditionsOf(answer: unknown): ConditionsAnswer {
  if (isConditions(answer)) return answer;
  throw new Error("the hub's answer has no conditions: is it of another version?");
}

function isPlacement(value: unknown): value is PlacementAnswer {
  return isConditions(value) && 'providers' in value && areAll(value.providers, isProvider);
}

function isConditions(value: unknown): value is ConditionsAnswer {
  if (!isObject(value) || !isObject(value['conditions'])) return false;
  const are = Object.values(value['conditions']).every((holds) => typeof holds === 'boolean');
  return are && areAll(value['tasks'], isPlanned);
}

function isProvider(value: unknown): value is ProviderStatus {
  if (!isObject(value) || !areTexts(value, ['name', 'url', 'state', 'reason'])) return false;
  const { runs, capacity = { threads: 1, fuelPerSecond: 0 } } = value;
  return (
    typeof runs === 'number' && areNumbers(capacity, ['threads', 'fuelPerSecond']) && areAll(value['tasks'], isThere)
  );
}

function isThere(value: unknown): value is TaskThere {
  if (!isObject(value) || !areTexts(value, ['task', 'state'])) return false;
  const { lowered = {} } = value;
  return isObject(lowered) && Object.values(lowered).every((limit) => areNumbers(limit, ['asked', 'there']));
}

function isPlanned(value: unknown): value is PlannedNow {
  return isObject(value) && areTexts(value, ['task', 'policy', 'reason']);
}

function areAll(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function areTexts(value: Fields, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function areNumbers(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'number');
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
