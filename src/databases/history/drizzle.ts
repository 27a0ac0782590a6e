/** Drizzle: the table `drizzle.__drizzle_migrations`, and a directory of SQL with a journal. It has no down. */
import { join } from 'node:path';
import { z } from 'zod';
import { defineHistory } from '../history.ts';
import { filesOf, readMigration, sqlMigration } from '../history-files.ts';
import { historyTable } from '../history-table.ts';

export default defineHistory({
  name: 'drizzle',
  table: 'drizzle.__drizzle_migrations',
  // The history has no names. `created_at` is the `when` of the journal, the time at which the file was made.
  ...historyTable({ name: 'created_at::text', fileHash: 'hash', order: 'created_at desc' }),
  lock: () => undefined,
  async capture(dir) {
    const [journal] = await filesOf(join(dir, 'meta'), (file) => file === '_journal.json');
    const { entries } = Journal.parse(JSON.parse(journal?.text ?? '{"entries": []}'));
    return Promise.all(
      entries.map(async ({ when, tag }) => {
        const { text, hash } = await readMigration(dir, `${tag}.sql`);
        const [down] = await filesOf(dir, (file) => file === `${tag}.down.sql`);
        return sqlMigration(String(when), hash, text, down?.text);
      }),
    );
  },
});

const Journal = z.object({ entries: z.array(z.object({ when: z.number(), tag: z.string() })) });
