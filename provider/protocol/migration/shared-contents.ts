import { Content } from './content.js';
import type { Checkpoints, MigrationMessage, PointContent } from './ports.js';

/** What goes onto the wire of a content. */
type Outgoing = Pick<MigrationMessage, 'content' | 'leftOut'>;

/**
 * What both sides have of a run, so that it need not be sent again: what was exchanged last, and what the other side
 * has said to hold.
 *
 * An anchor is left out when it is the anchor or the whole of one of these. Who does not find it after all says that it
 * lacks it, and is sent everything: so this saves bytes, and nothing rests on it.
 */
export class SharedContents {
  readonly #checkpoints: Checkpoints;
  /** Sent last over this link, and received last. Links keep their order, so the other has them the other way round. */
  #sent: Content | undefined;
  #received: Content | undefined;
  /** By points of this epoch that are not yet known to be held. */
  readonly #underWay = new Map<number, Content>();
  #heldThere: Content | undefined;
  /** Whether what was sent last over this link had all of it. */
  #isSentWhole = false;

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints;
  }

  /** There is another link: what was sent over the last one may not have come. */
  newLink(): void {
    this.#sent = undefined;
    this.#received = undefined;
    this.#isSentWhole = false;
  }

  /** The other side may have nothing. */
  forget(): void {
    this.newLink();
    this.#heldThere = undefined;
  }

  /**
   * The other side lacks an anchor.
   * @returns whether it is to be sent: it is not when it has been since.
   */
  lacks(): boolean {
    if (this.#isSentWhole) return false;
    this.forget();
    return true;
  }

  /** The other side's points are other ones from here on. */
  newEpoch(): void {
    this.#underWay.clear();
  }

  /** @param isNew Whether the point was come to in this epoch: else the other side may hold the very same. */
  outgoing(content: Content, { point, isNew }: { readonly point: number; readonly isNew: boolean }): Outgoing {
    const said = isNew ? content : content.whole;
    const known = [this.#sent, this.#heldThere, this.#received];
    const leavesOut = said.anchor !== undefined && find(said.anchorDigest, known) !== undefined;
    this.#sent = said;
    this.#isSentWhole = !leavesOut;
    this.#underWay.set(point, said);
    const { anchor, difference, result } = said;
    return leavesOut
      ? { content: { difference, result }, leftOut: said.anchorDigest }
      : { content: { anchor, difference, result } };
  }

  /** @returns What a message says, with what it has left out; undefined when that is not here. */
  incoming({ content, leftOut }: Outgoing, here: Content | undefined): Content | undefined {
    const anchor = content.anchor ?? find(leftOut, [this.#received, here, this.#sent]);
    if (anchor === undefined && content.result === undefined) return undefined;
    return new Content({ ...content, anchor } satisfies PointContent, this.#checkpoints);
  }

  /** @param isOfThisLink Whether it came over the link that there is now. */
  took(content: Content, isOfThisLink: boolean): void {
    this.#heldThere = content;
    if (isOfThisLink) this.#received = content;
  }

  /** The other side has said what it holds. */
  held(point: number): void {
    this.#heldThere = this.#underWay.get(point) ?? this.#heldThere;
    for (const each of this.#underWay.keys()) if (each <= point) this.#underWay.delete(each);
  }
}

function find(digest: string | undefined, contents: readonly (Content | undefined)[]): Uint8Array | undefined {
  if (digest === undefined) return undefined;
  for (const content of contents) {
    if (content?.anchorDigest === digest) return content.anchor;
    if (content?.difference !== undefined && content.whole.anchorDigest === digest) return content.whole.anchor;
  }
  return undefined;
}
