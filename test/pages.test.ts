/** The pages for people name only files, sections, commands and options that there are. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { PACKAGE_ROOT } from './package-root.js';

const MAIN = fileURLToPath(new URL('../hub/main.js', import.meta.url));
const PAGES = ['README.md', 'hub/README.md', 'hub/MANIFEST.md', 'guest-tasks/README.md', 'test/README.md'];

const page = (file: string): string => readFileSync(path.join(PACKAGE_ROOT, file), 'utf8');

/** Commands that have commands. */
const GROUPS: ReadonlySet<string> = new Set(['app', 'checkpoint', 'dlq', 'provider']);

/** What a command says of itself, by its words. */
const helps = new Map<string, Promise<string>>();

function helpOf(...words: readonly string[]): Promise<string> {
  const command = words.join(' ');
  const asked =
    helps.get(command) ??
    new Promise<string>((resolve, reject) => {
      execFile(process.execPath, [MAIN, ...words, '--help'], (error, stdout) =>
        error === null ? resolve(stdout) : reject(new Error(`sterna ${command} --help`, { cause: error })),
      );
    });
  helps.set(command, asked);
  return asked;
}

async function commandsUnder(...words: readonly string[]): Promise<readonly string[]> {
  const [, list = ''] = (await helpOf(...words)).split('Commands:\n');
  return Array.from(list.matchAll(/^ {2}(\w+)/gm), ([, name = '']) => name).filter((name) => name !== 'help');
}

/** Lines of a page in which a command may stand: those in code. */
function codeOf(file: string): readonly string[] {
  const blocks = Array.from(page(file).matchAll(/^```sh\n([^]*?)^```/gm), ([, code = '']) => code.split('\n')).flat();
  const inline = Array.from(page(file).matchAll(/`([^`\n]+)`/g), ([, code = '']) => code);
  return [...blocks, ...inline].map((line) => line.replace(/\s#.*/, ''));
}

interface Named {
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** The commands of this package that a page names. */
function commandsOf(file: string): readonly Named[] {
  return codeOf(file).flatMap((line) => {
    const [, name, under, rest = ''] = /^(?:sterna|ExecStart=\S*sterna) ([a-z]+)(?: ([a-z]+)\b)?(.*)/.exec(line) ?? [];
    if (name === undefined) return [];
    const words = GROUPS.has(name) && under !== undefined ? [name, under] : [name];
    return [{ words, options: Array.from(rest.matchAll(/(?<= )--?[a-z-]+/g), ([option]) => option) }];
  });
}

/** A heading as a link names it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

t.test('each test that README.md names is there', (t) => {
  const named = Array.from(page('README.md').matchAll(/`(test\/[^`]+)`/g), ([, name = '']) => name);
  t.ok(named.length > 50);
  for (const name of named) {
    const file = path.join(PACKAGE_ROOT, name);
    t.ok(existsSync(`${file}.test.ts`) || existsSync(file), name);
  }
  t.end();
});

t.test('each promise of README.md names its tests, and each test from end to end is of a promise', (t) => {
  const [, promises = ''] = page('README.md').split('## What it promises');
  const rows = Array.from(promises.matchAll(/^\| (.+) \| (`.*`) \|$/gm), ([, promise = '', tests = '']) => ({
    promise,
    tests,
  }));
  t.ok(rows.length > 50);
  for (const { promise, tests } of rows) t.match(tests, /^`test\/[^`]+`(, `test\/[^`]+`)*$/, promise);
  const files = readdirSync(path.join(PACKAGE_ROOT, 'test/e2e')).filter((file) => file.endsWith('.test.ts'));
  for (const file of files) {
    const name = `test/e2e/${file.replace('.test.ts', '')}`;
    t.ok(
      rows.some(({ tests }) => tests.includes(`\`${name}\``)),
      `README.md has a promise for ${name}`,
    );
  }
  t.end();
});

t.test('each link between pages leads to a file, and to a section of it', (t) => {
  for (const from of PAGES) {
    for (const [link, target = '', anchor] of page(from).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const file = target === '' ? from : path.posix.join(path.posix.dirname(from), target);
      t.ok(existsSync(path.join(PACKAGE_ROOT, file)), `${from}: ${link}`);
      if (anchor === undefined) continue;
      const headings = Array.from(page(file).matchAll(/^#+ (.*)$/gm), ([, heading = '']) => anchorOf(heading));
      t.ok(headings.includes(anchor), `${from}: ${link}`);
    }
  }
  t.end();
});

t.test('README.md has every command, and pages name no command or option that there is not', async (t) => {
  const known = await commandsUnder();
  const inReadme = new Set(commandsOf('README.md').map(({ words }) => words[0]));
  for (const name of known) t.ok(inReadme.has(name), `README.md has sterna ${name}`);
  const grouped = new Map<string, readonly string[]>();
  for (const name of GROUPS) grouped.set(name, await commandsUnder(name));
  for (const file of PAGES) {
    for (const { words, options } of commandsOf(file)) {
      const [name = '', under] = words;
      const command = `sterna ${words.join(' ')}`;
      if (
        !t.ok(
          known.includes(name) && (under === undefined || grouped.get(name)?.includes(under) === true),
          `${file}: ${command}`,
        )
      )
        continue;
      const help = options.length === 0 ? '' : await helpOf(...words);
      for (const option of options)
        t.match(help, new RegExp(`^ .*(?<![\\w-])${option}[ ,]`, 'm'), `${file}: ${command} ${option}`);
    }
  }
});
