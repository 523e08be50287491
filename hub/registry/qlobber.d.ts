/** The part of qlobber 8 that is used; the package has no types of its own. */
declare module 'qlobber' {
  export interface QlobberOptions {
    readonly separator?: string;
    readonly wildcard_one?: string;
    readonly wildcard_some?: string;
    /** Whether `wildcard_one` matches an empty level. */
    readonly match_empty_levels?: boolean;
    /** Longer topics throw. */
    readonly max_words?: number;
  }

  export class Qlobber<T> {
    constructor(options?: QlobberOptions);
    add(filter: string, value: T): this;
    /** May answer with an array of its own: do not change it. */
    match(topic: string): readonly T[];
  }
}
