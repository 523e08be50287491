/**
 * Seeded random modules that always end: loops count down, and functions call
 * only those before them.
 */

const LOCALS = 4;
const MAX_DEPTH = 4;

/** A small deterministic generator (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The text of a module that exports `run(i32) -> i32` and `memory`. */
export function generate(seed: number): string {
  const random = randomFrom(seed);
  const count = 2 + random(4);
  const functions = Array.from({ length: count }, (_, i) => new FunctionText(random, i).text());
  const table = `(table ${count} funcref) (elem (i32.const 0) ${functions.map((_, i) => `$f${i}`).join(' ')})`;
  return `(module (memory (export "memory") 1) (type $t (func (param i32) (result i32))) ${table}
${functions.join('\n')}
(export "run" (func $f${count - 1})))`;
}

class FunctionText {
  readonly #random: (below: number) => number;
  readonly #index: number;
  #counters = 0;

  constructor(random: (below: number) => number, index: number) {
    this.#random = random;
    this.#index = index;
  }

  text(): string {
    const body = this.#statements(0, []);
    const result = this.#expression(2);
    const counters = Array.from({ length: this.#counters }, (_, i) => `(local $c${i} i32)`).join(' ');
    const locals = Array.from({ length: LOCALS }, (_, i) => `(local $l${i} i32)`).join(' ');
    return `(func $f${this.#index} (type $t) (param $p i32) (result i32) ${locals} ${counters}\n${body}\n${result})`;
  }

  #statements(depth: number, labels: readonly string[]): string {
    return Array.from({ length: 1 + this.#random(4) }, () => this.#statement(depth, labels)).join('\n');
  }

  #statement(depth: number, labels: readonly string[]): string {
    const random = this.#random;
    const choice = random(depth >= MAX_DEPTH ? 4 : 11);
    switch (choice) {
      case 0:
      case 1:
        return `(local.set $l${random(LOCALS)} ${this.#expression(3)})`;
      case 2:
        return `(i32.store (i32.and ${this.#expression(2)} (i32.const 0xfffc)) ${this.#expression(2)})`;
      case 3:
        return this.#leave(labels);
      case 4:
        return `(if ${this.#expression(2)} (then ${this.#statements(depth + 1, labels)}))`;
      case 5:
        return `(if ${this.#expression(2)} (then ${this.#statements(depth + 1, labels)}) (else ${this.#statements(depth + 1, labels)}))`;
      case 6:
      case 7: {
        const label = `$b${depth}_${random(1000)}`;
        return `(block ${label} ${this.#statements(depth + 1, [...labels, label])})`;
      }
      case 8: {
        const counter = `$c${this.#counters++}`;
        const label = `$loop${this.#counters}`;
        return `(local.set ${counter} (i32.const ${1 + random(4)}))
(loop ${label} ${this.#statements(depth + 1, labels)}
 (br_if ${label} (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1)))))`;
      }
      case 9: {
        if (labels.length === 0) return '(nop)';
        const targets = Array.from({ length: 1 + random(3) }, () => labels[random(labels.length)]);
        return `(if ${this.#expression(1)} (then (br_table ${targets.join(' ')} ${this.#expression(1)})))`;
      }
      default:
        return random(8) === 0
          ? `(if (i32.eqz ${this.#expression(2)}) (then (unreachable)))`
          : `(if ${this.#expression(2)} (then (return ${this.#expression(2)})))`;
    }
  }

  #leave(labels: readonly string[]): string {
    const label = labels[this.#random(labels.length + 1)];
    return label === undefined ? '(nop)' : `(br_if ${label} ${this.#expression(2)})`;
  }

  #expression(depth: number): string {
    const random = this.#random;
    if (depth === 0)
      return random(2) === 0
        ? `(i32.const ${random(100) - 50})`
        : `(local.get ${['$p', '$l0', '$l1', '$l2', '$l3'][random(5)]})`;
    switch (random(8)) {
      case 0:
        return `(i32.load (i32.and ${this.#expression(depth - 1)} (i32.const 0xfffc)))`;
      case 1:
        return this.#index === 0
          ? this.#expression(0)
          : `(call $f${random(this.#index)} ${this.#expression(depth - 1)})`;
      case 2:
        return this.#index === 0
          ? this.#expression(0)
          : `(call_indirect (type $t) ${this.#expression(depth - 1)} (i32.const ${random(this.#index)}))`;
      case 3:
        return `(i32.div_s ${this.#expression(depth - 1)} (i32.or ${this.#expression(depth - 1)} (i32.const ${random(10) === 0 ? 0 : 1})))`;
      case 4:
        return `(if (result i32) ${this.#expression(depth - 1)} (then ${this.#expression(depth - 1)}) (else ${this.#expression(depth - 1)}))`;
      case 5:
        return `(select ${this.#expression(depth - 1)} ${this.#expression(depth - 1)} ${this.#expression(0)})`;
      default:
        return `(i32.${['add', 'sub', 'mul', 'xor', 'lt_s'][random(5)]} ${this.#expression(depth - 1)} ${this.#expression(depth - 1)})`;
    }
  }
}
