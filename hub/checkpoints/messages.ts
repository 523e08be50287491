/** What the hub and the thread that keeps checkpoints say to each other. */
export type CheckpointRequest =
  | { readonly kind: 'keep'; readonly id: number; readonly checkpoint: Uint8Array }
  | { readonly kind: 'read'; readonly id: number; readonly digest: string };

export type CheckpointAnswer =
  /** It is on disk. */
  | { readonly kind: 'kept'; readonly id: number; readonly digest: string; readonly bytes: number }
  | { readonly kind: 'read'; readonly id: number; readonly checkpoint: Uint8Array }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: string };
