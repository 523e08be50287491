import { statfs } from 'node:fs/promises';
import { RECORD_BOUNDS } from './limits.js';
import { STORE_BOUNDS } from '../store/limits.js';

/** The part of what a disk has free that records may take: what was acknowledged must find room, too. */
const PART = 1 / 4;

/** So much in any case: a disk that is full now may not be for long. */
const LEAST_BYTES = RECORD_BOUNDS.recordBytes;

/** Bytes that records of runs may take in a folder where nobody said how many. */
export async function affordableRecords(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return Math.min(STORE_BOUNDS.records.bytes, Math.max(LEAST_BYTES, Math.floor(bavail * bsize * PART)));
}
