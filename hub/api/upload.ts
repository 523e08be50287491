/** The body of a request -> a manifest, and a component in a file. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { MANIFEST_BOUNDS } from '../manifest/limits.js';

export type Uploaded =
  | { readonly ok: true; readonly toml: string }
  /** `tooLarge` when the sender is not to try again with as much. */
  | { readonly ok: false; readonly tooLarge: boolean; readonly fault: string };

export interface UploadOptions {
  /** Bytes of the task.toml that the body begins with. */
  readonly manifestBytes: number;
  /** sha256 of the component that follows, in hex. */
  readonly sha256: string;
  /** Where the component goes: a path at which there is nothing. */
  readonly file: string;
}

/**
 * Takes a body in, piece by piece: no more of it is in memory than a piece and the manifest.
 * @throws Error when the client goes away, or the file cannot be written.
 */
export async function takeUpload(
  body: AsyncIterable<Uint8Array>,
  { manifestBytes, sha256, file }: UploadOptions,
): Promise<Uploaded> {
  const most = manifestBytes + RUNTIME_BOUNDS.componentBytes;
  const hash = createHash('sha256');
  const toml: Uint8Array[] = [];
  let [bytes, missing] = [0, manifestBytes];
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > most) return tooLarge(`a component may have at most ${RUNTIME_BOUNDS.componentBytes} bytes`);
      if (missing > 0) toml.push(piece.subarray(0, missing));
      const rest = piece.subarray(Math.min(missing, piece.length));
      missing = Math.max(0, missing - piece.length);
      hash.update(rest);
      await writeAll(handle, rest);
    }
  } finally {
    await handle.close();
  }
  if (missing > 0) return wrong(`the body must begin with ${manifestBytes} bytes of task.toml: it has ${bytes}`);
  const digest = hash.digest('hex');
  if (digest !== sha256) return wrong(`the component must have the sha256 ${sha256}: what came has ${digest}`);
  return { ok: true, toml: Buffer.concat(toml).toString('utf8') };
}

/** What a request says of its body, or why it is not taken. */
export function uploadOf(request: Request): Omit<UploadOptions, 'file'> | Extract<Uploaded, { ok: false }> {
  const query = new URL(request.url).searchParams;
  const [sha256, manifest] = [query.get('sha256') ?? '', query.get('manifestBytes') ?? ''];
  if (!/^[0-9a-f]{64}$/.test(sha256)) return wrong('sha256 must be that of the component: 64 hexadecimal digits');
  if (!/^\d{1,9}$/.test(manifest)) return wrong('manifestBytes must say how many bytes of the body are task.toml');
  const manifestBytes = Number(manifest);
  if (manifestBytes > MANIFEST_BOUNDS.manifestBytes)
    return tooLarge(`a task.toml may have at most ${MANIFEST_BOUNDS.manifestBytes} bytes: it has ${manifestBytes}`);
  const length = Number(request.headers.get('content-length') ?? 0);
  if (length > manifestBytes + RUNTIME_BOUNDS.componentBytes)
    return tooLarge(`a component may have at most ${RUNTIME_BOUNDS.componentBytes} bytes`);
  return { sha256, manifestBytes };
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let left = bytes; left.length > 0;) {
    const { bytesWritten } = await handle.write(left);
    left = left.subarray(bytesWritten);
  }
}

function wrong(fault: string): Extract<Uploaded, { ok: false }> {
  return { ok: false, tooLarge: false, fault };
}

function tooLarge(fault: string): Extract<Uploaded, { ok: false }> {
  return { ok: false, tooLarge: true, fault };
}
