/** What is left out of a message, and found again by the other side. */
import t from 'tap';
import { Content } from '../../../../provider/protocol/migration/content.js';
import { SharedContents } from '../../../../provider/protocol/migration/shared-contents.js';
import { BEGINNING, differenceOf, SMALL_CHECKPOINTS, stepped, wholeOf } from './small-run.js';

const first = stepped(BEGINNING, 'a');
const second = stepped(first, 'b');
const third = stepped(second, 'c');
const anchor = wholeOf(first);

function contentOf(parts: { anchor: Uint8Array; difference?: Uint8Array }): Content {
  return new Content(parts, SMALL_CHECKPOINTS);
}

const composed = contentOf({ anchor, difference: differenceOf(second, anchor) }).whole.anchor ?? anchor;
const next = { anchor: composed, difference: differenceOf(third, composed) };

t.test('an anchor goes over a link once', (t) => {
  const here = new SharedContents(SMALL_CHECKPOINTS);
  const sent = here.outgoing(contentOf({ anchor }), { point: 1, isNew: true });
  t.equal(sent.content.anchor, anchor);
  t.equal(sent.leftOut, undefined);
  const again = here.outgoing(contentOf({ anchor, difference: differenceOf(second, anchor) }), {
    point: 2,
    isNew: true,
  });
  t.equal(again.content.anchor, undefined);
  t.equal(again.leftOut, SMALL_CHECKPOINTS.digest(anchor));
  here.newLink();
  t.equal(here.outgoing(contentOf({ anchor }), { point: 3, isNew: true }).content.anchor, anchor);
  t.end();
});

t.test('what difference and anchor make is not sent: both sides make it', (t) => {
  const [here, there] = [new SharedContents(SMALL_CHECKPOINTS), new SharedContents(SMALL_CHECKPOINTS)];
  const one = here.outgoing(contentOf({ anchor, difference: differenceOf(second, anchor) }), { point: 1, isNew: true });
  const taken = there.incoming(one, undefined);
  if (taken === undefined) throw new Error('all of it was sent');
  there.took(taken, true);
  const two = here.outgoing(contentOf(next), { point: 2, isNew: true });
  t.equal(two.content.anchor, undefined);
  const found = there.incoming(two, taken);
  t.same(found?.anchor, next.anchor);
  t.equal(found?.isSound(false), true);
  // Of the other side, too.
  t.equal(there.outgoing(taken, { point: 1, isNew: false }).content.anchor, undefined);
  t.end();
});

t.test('what the other side has said to hold is not sent over the next link either', (t) => {
  const here = new SharedContents(SMALL_CHECKPOINTS);
  here.outgoing(contentOf({ anchor }), { point: 4, isNew: true });
  here.held(4);
  here.newLink();
  const outgoing = here.outgoing(contentOf({ anchor }), { point: 4, isNew: true });
  t.equal(outgoing.leftOut, SMALL_CHECKPOINTS.digest(anchor));
  // It holds it on its disk.
  t.same(new SharedContents(SMALL_CHECKPOINTS).incoming(outgoing, contentOf({ anchor }))?.anchor, anchor);
  here.forget();
  t.equal(here.outgoing(contentOf({ anchor }), { point: 4, isNew: true }).content.anchor, anchor);
  t.end();
});

t.test('what the other side lacks is sent once, however often it says so', (t) => {
  const here = new SharedContents(SMALL_CHECKPOINTS);
  here.outgoing(contentOf({ anchor }), { point: 1, isNew: true });
  here.outgoing(contentOf({ anchor, difference: differenceOf(second, anchor) }), { point: 2, isNew: true });
  t.equal(here.lacks(), true);
  t.equal(here.outgoing(contentOf({ anchor }), { point: 2, isNew: true }).content.anchor, anchor);
  t.equal(here.lacks(), false);
  t.end();
});

t.test('an anchor that is not here is missed, and a difference to another one is not sound', (t) => {
  const there = new SharedContents(SMALL_CHECKPOINTS);
  const { difference } = next;
  t.equal(there.incoming({ content: { difference }, leftOut: 'unknown' }, contentOf({ anchor })), undefined);
  t.equal(there.incoming({ content: {} }, contentOf({ anchor })), undefined);
  t.equal(there.incoming({ content: { anchor, difference } }, undefined)?.isSound(false), false);
  t.end();
});
