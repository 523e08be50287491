/**
 * Programs that others wrote, from packages that ship them as WebAssembly, each
 * with a piece of work for it. Every `load` makes an instance of its own.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { compileKernels } from './kernels.js';
import type { Work } from './interleaved.js';
import { PACKAGE_ROOT } from '../package-root.js';

export interface RealProgram {
  readonly name: string;
  /** Makes an instance, through the program's own JavaScript, and answers with its work. */
  readonly load: () => Promise<Work>;
}

const require = createRequire(import.meta.url);

/** Text that compresses, parses and hashes like what devices send. */
function readings(count: number): { id: string; celsius: number; humidity: number; tags: string[] }[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `sensor-${(i * 7919) % 997}`,
    celsius: ((i * 31) % 400) / 10 - 10,
    humidity: (i * 17) % 100,
    tags: [`room-${i % 12}`, i % 3 === 0 ? 'battery low' : 'ok'],
  }));
}

export const REAL_PROGRAMS: readonly RealProgram[] = [
  { name: 'JSON reader of the SDK (AssemblyScript)', load: loadJsonReader },
  { name: 'jq: parse JSON and interpret a filter (C)', load: loadJq },
  { name: 'LZ4: compress and decompress (Rust)', load: loadLz4 },
  { name: 'Brotli: compress and decompress (Rust)', load: loadBrotli },
  {
    name: 'SHA-256 (C)',
    load: async () => hashing((await fresh<HashWasm>(require.resolve('hash-wasm'))).createSHA256()),
  },
  {
    name: 'BLAKE3 (C)',
    load: async () => hashing((await fresh<HashWasm>(require.resolve('hash-wasm'))).createBLAKE3()),
  },
  { name: 'Argon2id (C)', load: loadArgon2 },
  { name: 'QuickJS: interpret JavaScript (C)', load: loadQuickJs },
  { name: 'SQLite: insert, index and query (C)', load: loadSqlite },
];

/**
 * Requires a package as if for the first time: its instance lives in its modules.
 * @param file what `require.resolve` answers for it.
 */
async function fresh<Exports>(file: string): Promise<Exports> {
  const [folder] = /.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+[\\/]/.exec(file) ?? [file];
  for (const cached of Object.keys(require.cache)) if (cached.startsWith(folder)) delete require.cache[cached];
  return require(file) as Exports;
}

async function loadJsonReader(): Promise<Work> {
  const [kernel] = await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/programs'));
  if (kernel === undefined) throw new Error('test/fixtures/bench/programs holds no program');
  return new WebAssembly.Instance(new WebAssembly.Module(kernel.module), {}).exports['run'] as Work;
}

interface Jq {
  raw(json: string, filter: string, flags: string[]): Promise<string>;
}

/** The JSON is made and parsed again inside: the package reads its input byte by byte in JavaScript. */
const JQ_FILTER = `[range(6000) | {id: "sensor-\\(. % 97)", celsius: ((. * 31) % 400 / 10 - 10), tags: ["room-\\(. % 12)"]}]
  | tojson | fromjson | group_by(.tags[0]) | map({room: .[0].tags[0], warmest: (map(.celsius) | max)})`;

async function loadJq(): Promise<Work> {
  const jq = await fresh<Jq>(require.resolve('jq-wasm'));
  return () => jq.raw('{}', JQ_FILTER, ['-c']);
}

interface Compressor {
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
}

async function loadLz4(): Promise<Work> {
  return roundTrip(await fresh<Compressor>(require.resolve('lz4-wasm-nodejs')), 20_000);
}

async function loadBrotli(): Promise<Work> {
  return roundTrip(await fresh<Compressor>(require.resolve('brotli-wasm')), 150);
}

function roundTrip(compressor: Compressor, count: number): Work {
  const bytes = Buffer.from(JSON.stringify(readings(count)));
  return () => {
    const compressed = compressor.compress(bytes);
    return `${compressed.length} ${compressor.decompress(compressed).length === bytes.length}`;
  };
}

interface Hasher {
  init(): Hasher;
  update(bytes: Uint8Array): Hasher;
  digest(): string;
}

interface HashWasm {
  createSHA256(): Promise<Hasher>;
  createBLAKE3(): Promise<Hasher>;
  argon2id(options: Readonly<Record<string, unknown>>): Promise<string>;
}

async function hashing(created: Promise<Hasher>): Promise<Work> {
  const hasher = await created;
  const bytes = Buffer.from(JSON.stringify(readings(12_000)));
  return () => hasher.init().update(bytes).digest();
}

/** It compiles anew for each call, which takes a fraction of the time, metered or not. */
async function loadArgon2(): Promise<Work> {
  const hashes = await fresh<HashWasm>(require.resolve('hash-wasm'));
  const options = { password: 'tern', salt: 'saltsaltsalt', iterations: 2, memorySize: 2048, hashLength: 32 };
  return () => hashes.argon2id({ ...options, parallelism: 1, outputType: 'hex' });
}

/** What QuickJS is driven by: emscripten's functions and those of its own C interface. */
interface QuickJs {
  readonly default: {
    importFFI(): Promise<new (module: Emscripten) => QuickJsCalls>;
    importModuleLoader(): Promise<() => Promise<Emscripten>>;
  };
}

interface Emscripten {
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, at: number, size: number): void;
  _malloc(size: number): number;
}

interface QuickJsCalls {
  QTS_NewRuntime(): number;
  QTS_NewContext(runtime: number, intrinsics: number): number;
  QTS_Eval(context: number, code: number, size: number, file: string, detectModule: number, flags: number): number;
  QTS_GetFloat64(context: number, value: number): number;
  QTS_FreeValuePointer(context: number, value: number): void;
}

const SCRIPT = `
  function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  const words = new Map();
  let text = '';
  for (let i = 0; i < 1500; i++) text += 'room' + (i * 7 % 61) + ' ';
  for (const word of text.split(' ')) words.set(word, (words.get(word) ?? 0) + 1);
  const sorted = [...words].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const parsed = JSON.parse(JSON.stringify(sorted));
  fib(18) + parsed.length + parsed[0][1] + (text.match(/room1\\d/g) ?? []).length;
`;

async function loadQuickJs(): Promise<Work> {
  const { default: variant } = await fresh<QuickJs>(require.resolve('@jitl/quickjs-wasmfile-release-sync'));
  const module = await (await variant.importModuleLoader())();
  const calls = new (await variant.importFFI())(module);
  const context = calls.QTS_NewContext(calls.QTS_NewRuntime(), 0);
  const script = `(() => {${SCRIPT.replace(/fib\(18\)/, 'return fib(18)')}})()`;
  const size = module.lengthBytesUTF8(script);
  const code = module['_malloc'](size + 1);
  module.stringToUTF8(script, code, size + 1);
  return () => {
    const value = calls.QTS_Eval(context, code, size, 'work.js', 0, 0);
    const answer = calls.QTS_GetFloat64(context, value);
    calls.QTS_FreeValuePointer(context, value);
    return answer;
  };
}

interface Sqlite {
  readonly Database: new () => {
    exec(sql: string): void;
    all(sql: string): unknown[];
  };
}

async function loadSqlite(): Promise<Work> {
  const { Database } = await fresh<Sqlite>(require.resolve('node-sqlite3-wasm'));
  const database = new Database();
  const values = readings(600).map((each, i) => `(${i}, '${each.id}', ${each.celsius}, '${each.tags[0]}')`);
  return () => {
    database.exec(
      'drop table if exists reading; create table reading (at integer primary key, id text, celsius real, room text)',
    );
    database.exec(`insert into reading values ${values.join()}; create index by_room on reading (room, celsius)`);
    return JSON.stringify(
      database.all(`select room, count(*) n, avg(celsius) mean, max(a.id) last from reading a
        where celsius > (select avg(celsius) from reading b where b.room = a.room) and id like '%-%1%'
        group by room order by mean desc`),
    );
  };
}
