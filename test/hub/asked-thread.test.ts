import t from 'tap';
import { AskedThread } from '../../hub/asked-thread.js';

interface Question {
  readonly id: number;
  readonly what: 'echo' | 'refuse' | 'throw' | 'exit';
}

type Answer =
  | { readonly kind: 'echo'; readonly id: number; readonly given: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: string };

const SCRIPT = `
  import { parentPort as port, workerData } from 'node:worker_threads';
  port.on('message', ({ what, id }) => {
    if (what === 'echo') port.postMessage({ kind: 'echo', id, given: workerData });
    else if (what === 'refuse') port.postMessage({ kind: 'fault', id, fault: 'it does not want to' });
    else if (what === 'throw') throw new Error('it threw');
    else if (what === 'exit') process.exit(0);
    else port.close();
  });
`;

function echoing(given = 'given'): AskedThread<Question, Answer> {
  return new AskedThread(new URL(`data:text/javascript,${encodeURIComponent(SCRIPT)}`), given);
}

const asks = (thread: AskedThread<Question, Answer>, what: Question['what']): Promise<Answer> =>
  thread.ask((id) => ({ id, what }));

t.test('each question has its answer, or the reason why it has none', async (t) => {
  const thread = echoing();
  const [one, refused, other] = [asks(thread, 'echo'), asks(thread, 'refuse'), asks(thread, 'echo')];
  await t.rejects(refused, { message: 'it does not want to' });
  t.match(await Promise.all([one, other]), [{ id: 0, given: 'given' }, { id: 2 }]);
  await thread.finish('close');
});

t.test('when it dies, what is open is rejected, and the next question starts another', async (t) => {
  const thread = echoing();
  for (const [end, message] of [
    ['throw', 'it threw'],
    ['exit', 'the thread ended'],
  ] as const) {
    const open = [asks(thread, end), asks(thread, 'echo')];
    // At once, before the one that threw has exited.
    const next = Promise.any(open).catch(() => asks(thread, 'echo'));
    for (const each of open) await t.rejects(each, { message });
    t.match(await next, { kind: 'echo' });
  }
  await thread.finish('close');
});

t.test('it does what it was asked before it ends, and one that was never asked ends at once', async (t) => {
  const thread = echoing();
  const answer = asks(thread, 'echo');
  await thread.finish('close');
  t.match(await answer, { kind: 'echo' });
  await echoing().finish('close');
});
