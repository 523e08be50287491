/** What the hub and the thread that keeps checkpoints say to each other. */
export type CheckpointRequest =
  /** `base`: the digest of a whole one of the same run that is kept. */
  | {
      readonly kind: 'keep';
      readonly id: number;
      readonly checkpoint: Uint8Array;
      readonly base: string | undefined;
      readonly asItIs: boolean;
    }
  | { readonly kind: 'read'; readonly id: number; readonly digest: string };

export type CheckpointAnswer =
  /** It is on disk, as the difference to `base` if there is one. */
  | {
      readonly kind: 'kept';
      readonly id: number;
      readonly digest: string;
      readonly base: string | undefined;
      readonly bytes: number;
    }
  | { readonly kind: 'read'; readonly id: number; readonly checkpoint: Uint8Array }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: string };
