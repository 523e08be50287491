import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { schemaCommand } from '../../../hub/commands/schema.js';
import { PACKAGE_ROOT } from '../../package-root.js';

t.test('the published JSON Schema is the one that manifests are checked by', (t) => {
  let printed = '';
  schemaCommand({ write: (text) => (printed += text) });
  const published = readFileSync(path.join(PACKAGE_ROOT, 'hub/manifest/task.schema.json'), 'utf8');
  t.same(JSON.parse(published), JSON.parse(printed), 'run: sterna schema > hub/manifest/task.schema.json');
  t.end();
});
