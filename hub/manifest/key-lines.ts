/** Where the keys of a TOML text are, which its parser does not tell. */

export type KeyPath = readonly (string | number)[];

/**
 * Finds the line of each key in a text that is valid TOML.
 *
 * The answer is a function from a path, such as `['trigger', 0, 'qos']`, to a
 * line counted from 1. For a path that is not in the text it is the line of
 * the nearest table around it, and 1 when there is none.
 */
export function keyLines(source: string): (path: KeyPath) => number {
  const lines = new Scanner(source).scan();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(nameOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

function nameOf(path: KeyPath): string {
  return JSON.stringify(path);
}

/** A walk over the text. Being given valid TOML, it looks only for what separates keys and values. */
class Scanner {
  readonly #source: string;
  readonly #lines = new Map<string, number>();
  /** Tables of each array of tables seen so far. */
  readonly #tables = new Map<string, number>();
  #at = 0;
  #line = 1;
  #table: KeyPath = [];

  constructor(source: string) {
    this.#source = source;
  }

  scan(): ReadonlyMap<string, number> {
    this.#skipBlank();
    while (this.#at < this.#source.length) {
      if (this.#peek() === '[') this.#header();
      else this.#pair(this.#table);
      this.#skipBlank();
    }
    return this.#lines;
  }

  #header(): void {
    const line = this.#line;
    const isArray = this.#source.startsWith('[[', this.#at);
    this.#skip(isArray ? 2 : 1);
    const keys = this.#keys(']');
    this.#skip(isArray ? 2 : 1);
    let path: KeyPath = [];
    for (const [i, key] of keys.entries()) {
      path = [...path, key];
      const name = nameOf(path);
      const isLast = i === keys.length - 1;
      if (isLast && isArray) this.#tables.set(name, (this.#tables.get(name) ?? 0) + 1);
      const tables = this.#tables.get(name);
      this.#found(path, line);
      if (tables !== undefined) path = [...path, tables - 1];
    }
    this.#table = path;
    this.#found(path, line);
  }

  #pair(table: KeyPath): void {
    const line = this.#line;
    let path = table;
    for (const key of this.#keys('=')) {
      path = [...path, key];
      this.#found(path, line);
    }
    this.#skip(1);
    this.#value(path);
  }

  /** The parts of a dotted key, up to `end`. */
  #keys(end: string): readonly string[] {
    const keys: string[] = [];
    while (this.#at < this.#source.length && this.#peek() !== end) {
      const char = this.#peek();
      if (char === '"' || char === "'") {
        keys.push(this.#string().slice(1, -1));
        continue;
      }
      const [bare] = /^[A-Za-z0-9_-]*/.exec(this.#source.slice(this.#at, this.#at + 1_024)) ?? [''];
      if (bare !== '') keys.push(bare);
      this.#skip(Math.max(bare.length, 1));
    }
    return keys;
  }

  #value(path: KeyPath): void {
    this.#skipSpaces();
    const char = this.#peek();
    if (char === '[') this.#array(path);
    else if (char === '{') this.#inlineTable(path);
    else if (char === '"' || char === "'") this.#string();
    else while (this.#at < this.#source.length && !/[,\]}\n#]/.test(this.#peek())) this.#skip(1);
  }

  #array(path: KeyPath): void {
    this.#skip(1);
    for (let i = 0; ; i++) {
      this.#skipSeparators();
      if (this.#at >= this.#source.length || this.#peek() === ']') break;
      this.#found([...path, i], this.#line);
      this.#value([...path, i]);
    }
    this.#skip(1);
  }

  #inlineTable(path: KeyPath): void {
    this.#skip(1);
    for (;;) {
      this.#skipSeparators();
      if (this.#at >= this.#source.length || this.#peek() === '}') break;
      this.#pair(path);
    }
    this.#skip(1);
  }

  /** Consumes a string of any of the four kinds and answers with its text, quotes included. */
  #string(): string {
    const start = this.#at;
    const quote = this.#peek();
    const fence = this.#source.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
    this.#skip(fence.length);
    while (this.#at < this.#source.length && !this.#source.startsWith(fence, this.#at)) {
      this.#skip(quote === '"' && this.#peek() === '\\' ? 2 : 1);
    }
    this.#skip(fence.length);
    // A multi-line string may end in up to two quotes of its own.
    if (fence.length === 3) while (this.#peek() === quote) this.#skip(1);
    return this.#source.slice(start, this.#at);
  }

  #found(path: KeyPath, line: number): void {
    const name = nameOf(path);
    if (!this.#lines.has(name)) this.#lines.set(name, line);
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #skip(count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#source[this.#at] === '\n') this.#line++;
      this.#at++;
    }
  }

  #skipSpaces(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#skip(1);
  }

  #skipBlank(): void {
    this.#skipWhile(/[ \t\r\n]/);
  }

  #skipSeparators(): void {
    this.#skipWhile(/[ \t\r\n,]/);
  }

  #skipWhile(blank: RegExp): void {
    for (;;) {
      const char = this.#peek();
      if (char === '#') while (this.#at < this.#source.length && this.#peek() !== '\n') this.#skip(1);
      else if (char !== '' && blank.test(char)) this.#skip(1);
      else return;
    }
  }
}
