/** Reading what the other side sent: each field has a type and a bound, and what does not fit is named with its path. */
import { ProtocolError } from './errors.js';
import { isRecord, type Frame } from './frame.js';
import { PROTOCOL_BOUNDS } from './limits.js';

/** One JSON object of a header. Fields that nobody asks for are ignored: a later minor version may add some. */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #parts: readonly Uint8Array[];
  readonly #path: string;

  private constructor(value: Readonly<Record<string, unknown>>, parts: readonly Uint8Array[], path: string) {
    this.#value = value;
    this.#parts = parts;
    this.#path = path;
  }

  static of({ header, parts }: Frame): Fields {
    return new Fields(header, parts, '');
  }

  has(name: string): boolean {
    return this.#at(name) !== undefined;
  }

  /** @param most characters. */
  text(name: string, most: number): string {
    const value = this.#at(name);
    if (typeof value === 'string' && value.length <= most) return value;
    throw this.#fault(name, `a text of at most ${most} characters`);
  }

  optionalText(name: string, most: number): string | undefined {
    return this.has(name) ? this.text(name, most) : undefined;
  }

  whole(name: string, most: number = PROTOCOL_BOUNDS.wholeNumber, least = 0): number {
    const value = this.#at(name);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.#fault(name, `a whole number from ${least} to ${most}`);
  }

  /** A number of 0 or more that may have a fraction. */
  amount(name: string): number {
    const value = this.#at(name);
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw this.#fault(name, 'a number of 0 or more');
  }

  flag(name: string): boolean {
    const value = this.#at(name);
    if (typeof value === 'boolean') return value;
    throw this.#fault(name, 'true or false');
  }

  oneOf<Choice extends string | number>(name: string, choices: readonly Choice[]): Choice {
    const value = this.#at(name);
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    throw this.#fault(name, `one of ${choices.join(', ')}`);
  }

  /** Some of them, in any order. */
  choices<Choice extends string>(name: string, choices: readonly Choice[]): readonly Choice[] {
    return this.#items(name, choices.length).map((value) => {
      const choice = choices.find((each) => each === value);
      if (choice !== undefined) return choice;
      throw this.#fault(name, `a list of ${choices.join(', ')}`);
    });
  }

  object(name: string): Fields {
    const value = this.#at(name);
    if (isRecord(value)) return new Fields(value, this.#parts, this.#pathOf(name));
    throw this.#fault(name, 'an object');
  }

  /** Objects, each read by `read`. */
  list<Item>(name: string, most: number, read: (item: Fields) => Item): readonly Item[] {
    return this.#items(name, most).map((value, i) => {
      const path = `${this.#pathOf(name)}[${i}]`;
      if (!isRecord(value)) throw malformed(`${path} must be an object`);
      return read(new Fields(value, this.#parts, path));
    });
  }

  texts(name: string, most: number, length: number): readonly string[] {
    return this.#items(name, most).map((value, i) => {
      if (typeof value === 'string' && value.length <= length) return value;
      throw malformed(`${this.#pathOf(name)}[${i}] must be a text of at most ${length} characters`);
    });
  }

  wholes(name: string, most: number): readonly number[] {
    return this.#items(name, most).map((value, i) => {
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
      throw malformed(`${this.#pathOf(name)}[${i}] must be a whole number of 0 or more`);
    });
  }

  /** Names and texts. */
  record(name: string): Readonly<Record<string, string>> {
    const read: [string, string][] = this.#entries(name).map(([key, value]) => {
      if (typeof value === 'string' && value.length <= PROTOCOL_BOUNDS.textLength) return [key, value];
      const expected = `a text of at most ${PROTOCOL_BOUNDS.textLength} characters`;
      throw malformed(`${this.#pathOf(name)}.${key} must be ${expected}`);
    });
    return Object.fromEntries(read);
  }

  /** Names and objects. */
  objects<Item>(name: string, read: (item: Fields) => Item): Readonly<Record<string, Item>> {
    const items: [string, Item][] = this.#entries(name).map(([key, value]) => {
      const path = `${this.#pathOf(name)}.${key}`;
      if (!isRecord(value)) throw malformed(`${path} must be an object`);
      return [key, read(new Fields(value, this.#parts, path))];
    });
    return Object.fromEntries(items);
  }

  /** The binary part whose index the field has. @param most bytes. */
  part(name: string, most: number = PROTOCOL_BOUNDS.messageBytes): Uint8Array {
    const index = this.whole(name, PROTOCOL_BOUNDS.parts);
    const part = this.#parts[index];
    if (part !== undefined && part.length <= most) return part;
    throw this.#fault(name, `the index of a part of at most ${most} bytes`);
  }

  /** Bytes that are short enough to be written as base64url. @param length exactly so many. */
  bytes(name: string, length: number): Uint8Array {
    const text = this.text(name, Math.ceil(length / 3) * 4);
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length === length && bytes.toString('base64url') === text) return bytes;
    throw this.#fault(name, `${length} bytes as base64url`);
  }

  /** A sha256, in hex. */
  digest(name: string): string {
    const text = this.text(name, 64);
    if (/^[0-9a-f]{64}$/.test(text)) return text;
    throw this.#fault(name, 'a sha256 in 64 small hex digits');
  }

  #at(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }

  #items(name: string, most: number): readonly unknown[] {
    const value: unknown = this.#at(name);
    if (Array.isArray(value) && value.length <= most) return value;
    throw this.#fault(name, `a list of at most ${most}`);
  }

  #entries(name: string): readonly (readonly [string, unknown])[] {
    const value = this.#at(name);
    if (!isRecord(value)) throw this.#fault(name, 'an object');
    const entries = Object.entries(value);
    const fits = entries.every(([key]) => key !== '__proto__' && key.length <= PROTOCOL_BOUNDS.nameLength);
    if (fits && entries.length <= PROTOCOL_BOUNDS.recordEntries) return entries;
    throw this.#fault(
      name,
      `an object of at most ${PROTOCOL_BOUNDS.recordEntries} names of at most ${PROTOCOL_BOUNDS.nameLength} characters`,
    );
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #fault(name: string, expected: string): ProtocolError {
    return malformed(`${this.#pathOf(name)} must be ${expected}`);
  }
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('malformed', `The message is malformed: ${what}`);
}
