/** A copy of the hub's state through the API: `POST /v1/backup` is answered with the bytes of a state.db. */
import type { Backups } from '../store/index.js';
import { fault, type Route } from './route.js';

export function backupRoute(backups: Pick<Backups, 'take'>): Route {
  return {
    method: 'POST',
    path: '/v1/backup',
    answer: async () => {
      const backup = await backups.take();
      if (backup === undefined) return fault(409, 'another backup is being made: try again when it is done');
      const headers = { 'content-type': 'application/vnd.sqlite3', 'content-length': String(backup.bytes) };
      return new Response(backup.content, { headers });
    },
  };
}
