import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { PACKAGE_ROOT } from './package-root.js';

interface Package {
  readonly name: string;
  readonly license: string;
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const manifest = read('package.json') as Package;
const lock = read('package-lock.json') as { readonly packages: Record<string, Package> };

function read(file: string): unknown {
  return JSON.parse(readFileSync(path.join(PACKAGE_ROOT, file), 'utf8'));
}

t.test('every dependency is pinned to one version', (t) => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    t.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
  }
  t.end();
});

t.test('the lockfile is the one of package.json', (t) => {
  const root = lock.packages[''];
  t.same(root?.dependencies, manifest.dependencies);
  t.same(root?.devDependencies, manifest.devDependencies);
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    t.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
  }
  t.end();
});

t.test('the lockfile names no registry but the public one', (t) => {
  const text = readFileSync(path.join(PACKAGE_ROOT, 'package-lock.json'), 'utf8');
  const hosts = new Set(Array.from(text.matchAll(/"resolved": "([a-z+]+:\/\/[^/"]+)/g), (match) => match[1]));
  hosts.delete('https://registry.npmjs.org');
  t.strictSame([...hosts], []);
  t.end();
});

t.test('the licence is Apache-2.0 and its text is here', (t) => {
  t.equal(manifest.license, 'Apache-2.0');
  t.match(readFileSync(path.join(PACKAGE_ROOT, 'LICENSE'), 'utf8'), /Apache License\s+Version 2\.0, January 2004/);
  t.ok(existsSync(path.join(PACKAGE_ROOT, '.ci/run')));
  t.end();
});
