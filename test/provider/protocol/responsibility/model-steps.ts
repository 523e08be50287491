/** Holds what responsibility.pml prints of each step against what the machine does with the same. */
import {
  createMachine,
  mayExecute,
  NEW_RUN,
  NO_RUN,
  type Input,
  type Message,
  type Side,
  type State,
} from '../../../../provider/protocol/responsibility/index.js';
import { waitToTake } from '../../../../provider/protocol/responsibility/rules.js';

/** What was fixed for the model. */
interface Fixed {
  /** The run ends here. */
  readonly points: number;
  readonly mode: State['mode'];
}

interface Comparison {
  readonly steps: number;
  /** What happened, with how often it did. */
  readonly kinds: ReadonlyMap<string, number>;
  /** The first difference; undefined: there is none. */
  readonly difference: string | undefined;
}

interface ModelStep {
  readonly side: Side;
  readonly what: string;
  readonly words: readonly string[];
  readonly says: string | undefined;
  readonly is: string;
}

const SIDES: readonly Side[] = ['hub', 'provider'];

/** Drives both sides' machines with the steps of a walk. */
export function compare(lines: readonly string[], fixed: Fixed): Comparison {
  const machine = createMachine();
  const kinds = new Map<string, number>();
  let states = newRun();
  let copy = states;
  let steps = 0;
  for (let at = 0; at < lines.length;) {
    const first = lines[at++] ?? '';
    if (first === 'new run') {
      states = newRun();
      continue;
    }
    const says = lines[at]?.startsWith('  says ') === true ? lines[at++]?.trim() : undefined;
    const is = lines[at++]?.trim();
    // The walk ended here.
    if (is === undefined) break;
    const step = parsed(first, says, is);
    const before = states[step.side];
    const after = taken(machine, { state: before, copy: copy[step.side] }, step, fixed);
    if (step.what === 'copies') copy = states;
    const kind = [step.side, step.what, ...(step.what === 'hears' ? step.words.slice(0, 1) : [])].join(' ');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    steps++;
    const done = shown(after.state, fixed);
    const said = after.said.map((each) => shownMessage(each));
    if (done !== step.is || said.join() !== (step.says ?? '')) {
      const difference = [
        `${first} at ${shown(before, fixed)}`,
        `model: ${step.is} ${step.says ?? ''}`,
        `machine: ${done} ${said.join(', ')}`,
      ].join('\n');
      return { steps, kinds, difference };
    }
    states = { ...states, [step.side]: after.state };
  }
  return { steps, kinds, difference: undefined };
}

function newRun(): Readonly<Record<Side, State>> {
  return { hub: { ...NEW_RUN, linked: false }, provider: { ...NO_RUN, linked: false } };
}

function parsed(line: string, says: string | undefined, is: string): ModelStep {
  const [name, what = '', ...words] = line.split(' ');
  return { side: name === 'h' ? 'hub' : 'provider', what, words, says, is };
}

type Machine = ReturnType<typeof createMachine>;

function taken(
  machine: Machine,
  /** `copy`: when its disk was copied. */
  { state, copy }: { readonly state: State; readonly copy: State },
  step: ModelStep,
  fixed: Fixed,
): { state: State; said: Message[] } {
  if (step.what === 'copies') return { state, said: [] };
  if (step.what === 'goes-back') return { state: machine.start(copy).state, said: [] };
  // A crash leaves what is on disk; a provider in memory, nothing.
  if (step.what === 'forgets') return { state: machine.start(NO_RUN).state, said: [] };
  const { state: after, actions } = machine.step(state, inputOf(state, step, fixed));
  const said = actions.flatMap((action) => (action.type === 'send' ? [action.message] : []));
  if (step.what === 'loses') return { state: machine.start(after).state, said };
  return { state: after, said };
}

function inputOf(state: State, { what, words }: ModelStep, fixed: Fixed): Input {
  switch (what) {
    case 'reached': {
      const { epoch, point } = state;
      const [responsible, offer] = words.map(Number);
      const end = point + 1 === fixed.points;
      const proposal = { responsible: sideAt(responsible), mode: fixed.mode, offer: offer === 1, end };
      return { type: 'reached', epoch, point, proposal };
    }
    case 'hears':
      return { type: 'message', message: messageOf(words, fixed) };
    case 'linked':
      return { type: 'linked' };
    case 'loses':
      return { type: 'link-lost' };
    case 'resends':
      return { type: 'resend' };
    case 'waited':
      return { type: 'waited', wait: waitToTake(state) ?? 'lease' };
    case 'cancels':
      return { type: 'cancel' };
    default:
      throw new Error(`Cannot play the step ${what} of the model: it is none that the machine knows`);
  }
}

function messageOf([type, ...words]: readonly string[], fixed: Fixed): Message {
  const [epoch = 0, base = 0, from = 0, point = 0, whole, responsible, offer] = words.map(Number);
  if (type === 'HELD') return { type: 'held', epoch, point };
  if (type === 'NOTHING') return { type: 'nothing', epoch };
  if (type === 'OVER') return { type: 'over' };
  const proposal = {
    responsible: sideAt(responsible),
    mode: fixed.mode,
    offer: offer === 1,
    end: point === fixed.points,
  };
  return { type: 'point', epoch, base, from, point, whole: whole === 1, ...proposal };
}

function sideAt(index: number | undefined): Side {
  return index === 0 ? 'hub' : 'provider';
}

/** As the model prints it. */
function shown(state: State, fixed: Fixed): string {
  const { epoch, base, point, common, open, released, over } = state;
  const bits = open.reduce((sum, each) => sum | (1 << each.point), 0);
  const sides = [SIDES.indexOf(state.responsible), SIDES.indexOf(state.agreed)];
  const may = [mayExecute(state), waitToTake(state) !== undefined];
  const end = over || state.end === (point === fixed.points) ? '' : ' but its end';
  const is = [epoch, base, point, common, ...sides, bits, state.offer, state.linked, released, over, ...may];
  return `is ${is.map(Number).join(' ')}${end}`;
}

function shownMessage(message: Message): string {
  const said = {
    epoch: 0,
    base: 0,
    from: 0,
    point: 0,
    whole: false,
    responsible: 'hub' as Side,
    offer: false,
    ...message,
  };
  const { type, epoch, base, from, point, whole, responsible, offer } = said;
  const is =
    type === 'point'
      ? [epoch, base, from, point, whole, SIDES.indexOf(responsible), offer]
      : [epoch, 0, 0, message.type === 'held' ? message.point : 0, 0, 0, 0];
  return `says ${type.toUpperCase()} ${is.map(Number).join(' ')}`;
}
