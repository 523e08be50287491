import t from 'tap';
import { GREETED, nextState, type SessionInput, type SessionState } from '../../../provider/protocol/index.js';

const hello: SessionInput = { type: 'hello' };
const configure = (config: number): SessionInput => ({ type: 'configure', config });
const proofs = (config: number): SessionInput => ({ type: 'proofs', config });
const received: SessionInput = { type: 'received' };
const provisioned: SessionInput = { type: 'provisioned' };

function after(...inputs: readonly SessionInput[]): SessionState {
  return inputs.reduce(nextState, GREETED);
}

t.test('a session goes from its hello to ready, and from there through updates to its end', (t) => {
  t.match(after(hello), { phase: 'open', configuring: 'none', hasTasks: false });
  t.match(after(hello, configure(1)), { configuring: 'proving', config: 1 });
  t.match(after(hello, configure(1), proofs(1)), { configuring: 'receiving' });
  t.match(after(hello, configure(1), proofs(1), received), { configuring: 'provisioning' });
  const ready = after(hello, configure(1), proofs(1), received, provisioned);
  t.match(ready, { configuring: 'ready', hasTasks: true });
  t.match(nextState(nextState(ready, configure(2)), { type: 'runs' }), { configuring: 'proving', hasTasks: true });
  t.match(nextState(ready, { type: 'drain' }), { phase: 'draining' });
  t.match(nextState(ready, { type: 'close' }), { phase: 'closed' });
  t.end();
});

t.test('what is not due is refused, with what would be', (t) => {
  const ready = after(hello, configure(1), proofs(1), received, provisioned);
  const cases: readonly (readonly [SessionState, SessionInput, RegExp])[] = [
    [GREETED, { type: 'runs' }, /runs is not allowed now: the first message must be hello/],
    [GREETED, configure(1), /first message must be hello/],
    [after(hello), hello, /a session begins once/],
    [after(hello), { type: 'runs' }, /no configuration is ready yet/],
    [after(hello), { type: 'chunk' }, /no component is wanted/],
    [after(hello), proofs(0), /no challenge is open/],
    [ready, configure(1), /its number must be above 1/],
    [after(hello, { type: 'drain' }), { type: 'runs' }, /the session is draining/],
    [after(hello, { type: 'close' }), { type: 'beat' }, /the session is closed/],
  ];
  for (const [state, input, message] of cases) {
    t.throws(() => nextState(state, input), { code: 'out-of-turn', message }, `${state.phase} ${input.type}`);
  }
  t.equal(nextState(after(hello, configure(2)), proofs(1)).configuring, 'proving', 'late proofs change nothing');
  t.end();
});
