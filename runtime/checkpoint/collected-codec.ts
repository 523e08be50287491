/** What the host has collected of a run, within the body of a checkpoint. */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Effect, KeyPage, LogLevel, LogLine, Outcome, QoS } from '../task.js';
import type { BodyReader } from './body-reader.js';
import type { BodyWriter } from './body-writer.js';
import type { Collected, ReadValue, UnfinishedLine } from './checkpoint.js';

const QOS: readonly QoS[] = [0, 1, 2];
const EFFECTS: readonly Effect['kind'][] = ['publish', 'set', 'delete'];
const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];
const STREAMS: readonly UnfinishedLine['stream'][] = ['stdout', 'stderr'];
/** Outcomes that can stand before a run has ended: it goes on, and nothing it does changes them. */
const VERDICTS = ['denied', 'output-limit', 'failed'] as const;
type Verdict = Extract<Outcome, { readonly kind: (typeof VERDICTS)[number] }>;

export function writeCollected(out: BodyWriter, collected: Collected): void {
  out.list(collected.effects, (effect) => writeEffect(out, effect));
  out.list(collected.reads, ({ bucket, key, version, value, isRecorded }) => {
    out.text(bucket);
    out.text(key);
    out.f64(version);
    out.optional(value, (bytes) => out.bytes(bytes));
    out.flag(isRecorded);
  });
  out.list(collected.log, ({ level, context, message }) => {
    out.u8(LEVELS.indexOf(level));
    out.text(context);
    out.text(message);
  });
  out.f64(collected.droppedLogLines);
  out.f64(collected.outputBytes);
  out.f64(collected.logBytes);
  out.optional(verdictOf(collected.verdict), ({ kind, message }) => {
    out.u8(VERDICTS.indexOf(kind));
    out.text(message);
  });
  out.flag(collected.memoryRefused);
  out.list(collected.cursors, ([bucket, keys]) => {
    out.text(bucket);
    out.list(keys, (key) => out.text(key));
  });
  out.list(collected.listed, ({ bucket, version }) => {
    out.text(bucket);
    out.f64(version);
  });
  out.list(collected.pages, (page) => writePage(out, page));
  out.optional(collected.unrecorded, (reason) => out.text(reason));
  out.list(collected.unfinished, ({ stream, bytes, isCut }) => {
    out.u8(STREAMS.indexOf(stream));
    out.bytes(bytes);
    out.flag(isCut);
  });
  out.optional(collected.random, (words) => {
    for (const word of words) out.u32(word);
  });
}

export function readCollected(body: BodyReader): Collected {
  const { effects, reads, logLines } = RUNTIME_BOUNDS;
  return {
    effects: body.list('the effects', () => readEffect(body), effects),
    reads: body.list('the reads', () => readRead(body), reads),
    log: body.list('the lines of the log', () => readLine(body), logLines),
    droppedLogLines: body.count('the lines left out'),
    outputBytes: body.count('the bytes of output'),
    logBytes: body.count('the bytes of the log'),
    verdict: body.optional('a verdict', () => {
      return { kind: body.choice('the verdict', VERDICTS), message: body.text('the reason of the verdict') };
    }),
    memoryRefused: body.flag('whether memory was refused'),
    cursors: body.list('the lists of keys', () => {
      return [body.name('a bucket'), body.list('the pages of keys', () => body.name('a key'))] as const;
    }),
    listed: body.list('the buckets that were listed', () => {
      return { bucket: body.name('a bucket'), version: body.count('the version of a set of keys') };
    }),
    pages: body.list('the recorded lists of keys', () => readPage(body)),
    unrecorded: body.optional('why it is not recorded', () => body.text('why it is not recorded')),
    unfinished: body.list(
      'the lines that were not ended',
      () => {
        const stream = body.choice('the stream', STREAMS);
        return { stream, bytes: body.bytes('a line'), isCut: body.flag('whether a line is cut') };
      },
      STREAMS.length,
    ),
    random: body.optional('the position of the random numbers', () => {
      const word = (): number => body.u32('the position of the random numbers');
      return [word(), word(), word(), word()] as const;
    }),
  };
}

function verdictOf(outcome: Outcome | undefined): Verdict | undefined {
  switch (outcome?.kind) {
    case 'denied':
    case 'output-limit':
    case 'failed':
      return outcome;
    case undefined:
      return undefined;
    default:
      throw new Error(`a run that goes on cannot have ended as ${outcome?.kind}`);
  }
}

function writeEffect(out: BodyWriter, effect: Effect): void {
  out.u8(EFFECTS.indexOf(effect.kind));
  if (effect.kind === 'publish') {
    out.text(effect.topic);
    out.bytes(effect.payload);
    out.u8(effect.qos);
    out.flag(effect.retain);
    return;
  }
  out.text(effect.bucket);
  out.text(effect.key);
  if (effect.kind === 'set') out.bytes(effect.value);
}

function readEffect(body: BodyReader): Effect {
  const kind = body.choice('the kind of an effect', EFFECTS);
  if (kind === 'publish') {
    const topic = body.name('a topic');
    const payload = body.bytes('a payload');
    return { kind, topic, payload, qos: body.choice('a QoS', QOS), retain: body.flag('retain') };
  }
  const bucket = body.name('a bucket');
  const key = body.name('a key');
  return kind === 'delete' ? { kind, bucket, key } : { kind, bucket, key, value: body.bytes('a value') };
}

function readRead(body: BodyReader): ReadValue {
  return {
    bucket: body.name('a bucket'),
    key: body.name('a key'),
    version: body.count('a version'),
    value: body.optional('a value', () => body.bytes('a value')),
    isRecorded: body.flag('whether a value is recorded'),
  };
}

function writePage(out: BodyWriter, { bucket, after, limit, keys }: KeyPage): void {
  out.text(bucket);
  out.optional(after, (key) => out.text(key));
  out.u32(limit);
  out.list(keys, (key) => out.text(key));
}

function readPage(body: BodyReader): KeyPage {
  return {
    bucket: body.name('a bucket'),
    after: body.optional('the key before a list', () => body.name('a key')),
    limit: body.u32('the most keys of a list'),
    keys: body.list('a list of keys', () => body.name('a key')),
  };
}

function readLine(body: BodyReader): LogLine {
  const level = body.choice('the level of a line', LEVELS);
  return { level, context: body.text('the context of a line'), message: body.text('a line of the log') };
}
