/** Figures on the pages for people are those that the code goes by. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { DEPLOYMENT_BOUNDS } from '../hub/deployments/limits.js';
import { EXECUTION_BOUNDS } from '../hub/execution/limits.js';
import { INTAKE_BOUNDS } from '../hub/intake/limits.js';
import { JOURNAL_BOUNDS } from '../hub/journal/limits.js';
import { LOOP_BOUNDS } from '../hub/loops/limits.js';
import { MIGRATION_BOUNDS } from '../hub/migration/limits.js';
import { PLACEMENT_BOUNDS } from '../hub/placement/limits.js';
import { RECORD_BOUNDS } from '../hub/records/limits.js';
import { SCHEDULE_BOUNDS } from '../hub/schedules/limits.js';
import { SHAPING_BOUNDS } from '../hub/shaping/limits.js';
import { STORE_BOUNDS } from '../hub/store/limits.js';
import { DEFAULT_POLICY, PROVIDER_BOUNDS } from '../provider/policy.js';
import { PROTOCOL_TIMES } from '../provider/protocol/index.js';
import { MIGRATION_BOUNDS as DRIVER_BOUNDS } from '../provider/protocol/migration/limits.js';
import { PACKAGE_ROOT } from './package-root.js';

const DAY_MS = 24 * 3_600_000;

/** Lines as one. */
const page = (file: string): string => readFileSync(path.join(PACKAGE_ROOT, file), 'utf8').replaceAll(/\s+/g, ' ');
const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

const count = (value: number): string => value.toLocaleString('en-US');
const word = (value: number): string => WORDS[Math.round(value)] ?? String(value);
const MiB = (bytes: number): string => `${bytes / 1024 ** 2} MiB`;
const KiB = (bytes: number): string => `${bytes / 1024} KiB`;
const seconds = (ms: number): string => `${ms / 1_000} s`;

const { records, deadLetters, deadLetterBytes, deadMessages, deadMessageBytes } = STORE_BOUNDS;
const takeOverMs = PROTOCOL_TIMES.leaseMs * DRIVER_BOUNDS.leaseMargin;

const SAID: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    `kept for ${word(records.ageMs / DAY_MS)} days, and take up to ${MiB(records.bytes)}, or a quarter of what the disk has free`,
    `Messages wait on disk, ${count(STORE_BOUNDS.outboxMessages)} of them or ${MiB(STORE_BOUNDS.outboxBytes)}.`,
    `The oldest go beyond ${count(deadLetters)} or ${MiB(deadLetterBytes)}`,
    `It prints a token, for one hub and ${word(PROVIDER_BOUNDS.invitationMs / DAY_MS)} day`,
    `up to a ${DEFAULT_POLICY.movedLimits.deadlineMs === DAY_MS ? 'day' : ''} and ${DEFAULT_POLICY.movedLimits.fuel / 1e12} T of fuel`,
    `is waited for, some ${word(takeOverMs / 1_000)} seconds after the link was lost`,
  ],
  'hub/README.md': [
    `payloads of up to ${KiB(SHAPING_BOUNDS.shapedJsonBytes)}`,
    `each once, for ${seconds(LOOP_BOUNDS.recentPublishMs)}`,
    `Of a chain, ${LOOP_BOUNDS.chainLength} names in ${KiB(LOOP_BOUNDS.chainCharacters)} are read`,
    `each ${seconds(INTAKE_BOUNDS.keepShapingMs)} what \`dedupe\` has seen`,
    `at most ${seconds(SCHEDULE_BOUNDS.lateFiringMs)} late`,
    `the newest ${SCHEDULE_BOUNDS.caughtUpFirings} do`,
    `set back by more than ${SCHEDULE_BOUNDS.clockSetBackMs / 3_600_000} h`,
    `over all tasks ${count(EXECUTION_BOUNDS.retryingRuns)} may wait`,
    `more than ${count(deadLetters)} or ${MiB(deadLetterBytes)}, of messages ${count(deadMessages)} or ${MiB(deadMessageBytes)}`,
    `begins anew every ${MiB(STORE_BOUNDS.logBytes)} or so`,
    `up to ${count(STORE_BOUNDS.deviceTopics)} topics and ${MiB(STORE_BOUNDS.deviceBytes)}`,
    `a payload above ${KiB(JOURNAL_BOUNDS.devicePayloadBytes)} leaves nothing there`,
    `after ${JOURNAL_BOUNDS.deviceDelayMs} ms, and nothing is promised for it`,
    `those beyond ${MiB(JOURNAL_BOUNDS.waitingRecordBytes)} a second leave no record`,
    `records of more than ${MiB(RECORD_BOUNDS.recordBytes)}`,
    `kept for ${word(records.ageMs / DAY_MS)} days, up to ${MiB(DEPLOYMENT_BOUNDS.keptComponentBytes)} together`,
    `Records are kept for ${word(records.ageMs / DAY_MS)} days and up to ${MiB(records.bytes)}`,
    `${word(PLACEMENT_BOUNDS.lateFactor)} times as long as was expected, and ${word(PLACEMENT_BOUNDS.lateMs / 1_000)} seconds (${PLACEMENT_BOUNDS.lateUnknownMs / 1_000} where its speed is not known)`,
    `is expected to take ${word(PLACEMENT_BOUNDS.longMs / 1_000)} seconds there`,
    `for a quarter and ${word(MIGRATION_BOUNDS.gainMs / 1_000)} seconds, and none within ${word(MIGRATION_BOUNDS.dwellMs / 1_000)} seconds of its last move`,
    `point = "${seconds(MIGRATION_BOUNDS.pointMs)}"`,
    `reclaim = "${seconds(MIGRATION_BOUNDS.reclaimMs)}"`,
  ],
};

for (const [file, sentences] of Object.entries(SAID)) {
  t.test(`${file} says what the limits are`, async (t) => {
    const text = page(file);
    for (const sentence of sentences) t.ok(text.includes(sentence), sentence);
  });
}
