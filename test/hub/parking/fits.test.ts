/** What a run is given besides its event: a checkpoint goes on only where all of it is the same. */
import t from 'tap';
import { fitsOf } from '../../../hub/parking/fits.js';

const MANIFEST = {
  version: '1.0.0',
  limits: { fuel: 1 },
  grants: { publish: ['out'] },
  config: { warm: '21' },
  subjects: 'verbatim',
  isolation: 'event',
};
const INSTALLED = { digest: 'd', resumable: 'code' };

const fits = (manifest: object = {}, installed: object = {}): string =>
  fitsOf({
    manifest: { ...MANIFEST, ...manifest },
    installed: { ...INSTALLED, ...installed },
  } as never);

t.test('whatever a run is given otherwise, its checkpoint does not fit', (t) => {
  const others = {
    version: fits({ version: '1.0.1' }),
    limits: fits({ limits: { fuel: 2 } }),
    grants: fits({ grants: { publish: [] } }),
    configuration: fits({ config: { warm: '22' } }),
    subjects: fits({ subjects: 'dotted' }),
    isolation: fits({ isolation: 'key' }),
    component: fits({}, { digest: 'e' }),
    instrumentation: fits({}, { resumable: 'other code' }),
  };
  for (const [what, other] of Object.entries(others)) t.not(other, fits(), what);
  t.equal(new Set(Object.values(others)).size, Object.keys(others).length);
  t.equal(fits({ retry: { attempts: 3 } }), fits(), 'what it is not given does not count');
  t.end();
});
