/** A transform of asc, which loads this file by its path. */
import { callGraphOf, recursiveFunctions } from './call-graph.js';

/** The parts of Binaryen that are used here. */
interface Binaryen {
  setPassArgument(name: string, value: string | null): void;
}
interface PrintedModule {
  emitText(): string;
  runPasses(passes: readonly string[]): void;
}

const NO_FULL_INLINE = 'no-full-inline';

/**
 * Keeps recursive functions from being inlined into themselves. At -O2 and
 * above, Binaryen (131) does so in rounds, each of which squares the number of
 * calls in a small function that calls itself twice: `f(n - 1) + f(n - 2)` has
 * 65,536 calls after four rounds, and the fifth never ends.
 * @public
 */
export default class KeepRecursion {
  /** asc puts this on the prototype of a transform. */
  declare readonly binaryen: Binaryen;

  afterCompile(module: PrintedModule): void {
    for (const name of recursiveFunctions(callGraphOf(module.emitText()))) {
      this.binaryen.setPassArgument(NO_FULL_INLINE, name);
      module.runPasses([NO_FULL_INLINE]);
    }
    // Arguments are the compiler's, not this module's.
    this.binaryen.setPassArgument(NO_FULL_INLINE, null);
  }
}
