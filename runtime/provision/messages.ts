/** Messages between the provisioner, its processes and their threads. Types only. */
import type { RuntimeErrorCode } from '../errors.js';
import type { Artifact } from './artifact.js';
import type { ProvisionOptions } from './provision.js';

export interface ProvisionJob {
  /** The file that holds the component: a message of that size would keep the hub's main thread busy. */
  readonly file: string;
  readonly options: ProvisionOptions;
  readonly cacheDir: string;
}

export type ProvisionAnswer =
  | { readonly type: 'prepared'; readonly artifact: Artifact }
  | { readonly type: 'refused'; readonly code: RuntimeErrorCode; readonly message: string };
