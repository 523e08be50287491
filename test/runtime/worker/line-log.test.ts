import t from 'tap';
import { LineLog } from '../../../runtime/worker/line-log.js';

/** The lines of what is written piece by piece, and then ended. */
function linesOf(pieces: readonly (string | Uint8Array)[], most = 100): string[] {
  const lines: string[] = [];
  const log = new LineLog((line) => lines.push(line), most);
  for (const piece of pieces) log.write(typeof piece === 'string' ? Buffer.from(piece) : piece);
  log.end();
  log.end();
  return lines;
}

t.test('each line is one, however it came in pieces', (t) => {
  t.strictSame(linesOf(['a\nb', 'c\n', '\n', 'd', 'e']), ['a', 'bc', '', 'de']);
  t.strictSame(linesOf(['a\n']), ['a'], 'nothing follows the last newline');
  t.strictSame(linesOf([]), []);
  const grin = Buffer.from('😀\n');
  t.strictSame(linesOf([grin.subarray(0, 2), grin.subarray(2)]), ['😀'], 'nor is a character torn');
  t.strictSame(linesOf([Uint8Array.of(0xff, 0x0a)]), ['\ufffd']);
  t.end();
});

t.test('a line is kept to its bound, and cut one byte past it', (t) => {
  t.strictSame(linesOf(['abcd\n', 'ef', 'gh\n'], 4), ['abcd', 'efgh']);
  t.strictSame(linesOf(['abcde\nf', 'ghij', 'k\nl'], 4), ['abcd…', 'fghi…', 'l']);
  t.strictSame(linesOf(['a'.repeat(100), 'b'], 4), ['aaaa…']);
  t.strictSame(linesOf(['a\n\n'], 0), ['…', '']);
  t.end();
});

t.test('what is written may be changed afterwards', (t) => {
  const lines: string[] = [];
  const log = new LineLog((line) => lines.push(line), 10);
  const bytes = Buffer.from('ab');
  t.equal(log.write(bytes), 0);
  bytes.fill(0x78);
  t.equal(log.write(Buffer.from('\n\n')), 2, 'it says how many lines were ended');
  t.strictSame(lines, ['ab', '']);
  t.end();
});
