import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import t from 'tap';
import { PACKAGE_ROOT } from './package-root.js';

/** Those that there are: git keeps no empty folder. */
const ROOMS = ['runtime', 'hub', 'provider', 'sim'].filter((room) => existsSync(path.join(PACKAGE_ROOT, room)));

/** Modules that a source file names in a static or dynamic import. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(PACKAGE_ROOT, file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\s(?:[^;'"=]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return Array.from(statements, (match) => match[1] ?? match[2] ?? '');
}

function sources(folder: string): string[] {
  return readdirSync(path.join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/')));
}

/** "@scope/name/part" is a part of "@scope/name". Undefined for Node's modules and our own. */
function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || builtinModules.includes(specifier))
    return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

t.test('in each room, a third-party package is imported by one file', (t) => {
  for (const room of ROOMS) {
    const importers = new Map<string, string[]>();
    for (const file of sources(room)) {
      const packages = new Set(importsOf(file).map(packageOf));
      for (const name of packages) {
        if (name !== undefined) importers.set(name, [...(importers.get(name) ?? []), file]);
      }
    }
    for (const [name, files] of importers) t.equal(files.length, 1, `${name} is imported by ${files.join(' and ')}`);
  }
  t.end();
});

t.test('no file is named for holding whatever is left over', (t) => {
  const leftOver = /^(utils?|helpers?|common|misc)\./;
  for (const file of [...ROOMS, 'test'].flatMap(sources)) {
    t.notMatch(path.basename(file), leftOver, file);
    t.match(path.basename(file), /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/, `${file} is in kebab-case`);
  }
  t.end();
});

t.test('no file names a path of the machine it was written on', (t) => {
  const machine = /\/(home|Users|work|root)\/[a-z]/;
  for (const file of [...ROOMS, 'test'].flatMap(sources)) {
    if (file === 'test/sources.test.ts') continue;
    t.notMatch(readFileSync(path.join(PACKAGE_ROOT, file), 'utf8'), machine, file);
  }
  t.end();
});
