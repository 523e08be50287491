/** What is asked of a store by who looks at it, and the answers. Types only; all of it crosses between threads. */
export type StateQuery =
  | { readonly kind: 'buckets' }
  /** Keys in the order of their bytes. */
  | {
      readonly kind: 'keys';
      readonly bucket: string;
      readonly prefix: string;
      /** Only keys behind this one. */
      readonly after: string | undefined;
      readonly limit: number;
    }
  | { readonly kind: 'value'; readonly bucket: string; readonly key: string };

export interface BucketView {
  readonly bucket: string;
  readonly keys: number;
  /** Keys and values together. */
  readonly bytes: number;
}

export interface KeyView {
  readonly key: string;
  /** Of the value. */
  readonly bytes: number;
  /** Grows with each write. */
  readonly version: number;
}

export interface ValueView {
  readonly value: Uint8Array;
  readonly version: number;
}

/** What a view's thread posts, once. */
export type StateAnswer =
  | { readonly kind: 'buckets'; readonly buckets: readonly BucketView[] }
  | { readonly kind: 'keys'; readonly keys: readonly KeyView[] }
  /** Undefined when there is no such key. */
  | { readonly kind: 'value'; readonly value: ValueView | undefined }
  | { readonly kind: 'fault'; readonly fault: string };
