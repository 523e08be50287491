/** A transform of asc, which loads this file by its path. */
import { HANDLER_EXPORT, HANDLER_INTERNAL_NAME, HANDLER_NAME } from './entry-module.js';

/** The part of Binaryen's module that is used here. */
interface ExportingModule {
  removeExport(name: string): void;
  addFunctionExport(internalName: string, name: string): unknown;
}

/**
 * Gives the handler the name that no source can.
 * @public
 */
export default class RenameHandler {
  afterCompile(module: ExportingModule): void {
    module.removeExport(HANDLER_NAME);
    module.addFunctionExport(HANDLER_INTERNAL_NAME, HANDLER_EXPORT);
  }
}
