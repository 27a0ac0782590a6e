/** Flyway: the table `flyway_schema_history`, and V files with U files, if the edition has them, as their downs. */
import { defineHistory } from '../history.ts';
import { byName, filesOf, type MigrationFile, sha256, sqlMigration } from '../history-files.ts';
import { historyTable } from '../history-table.ts';

export default defineHistory({
  name: 'flyway',
  table: 'public.flyway_schema_history',
  ...historyTable({
    name: 'script',
    appliedAt: 'installed_on',
    state: "case when not success then 'failed' end",
    // A version that was undone keeps its row, and gets another one.
    where: (table) => `version is not null and type not in ('BASELINE', 'SCHEMA', 'UNDO_SQL', 'DELETE')
         and not exists (select from ${table} u
                          where u.version = h.version and u.type in ('UNDO_SQL', 'DELETE')
                            and u.installed_rank > h.installed_rank)`,
    order: 'installed_rank desc',
    // Whether it is the same one depends on the edition and its settings.
    ownTransaction: true,
  }),
  lock: () => undefined,
  async capture(dir) {
    const files = await filesOf(dir, (file) => /^[VU][\w.]+__.*\.sql$/.test(file));
    const downs = new Map(files.filter(({ file }) => file.startsWith('U')).map((it) => [versionOf(it), it]));
    return Promise.all(
      files
        .filter(({ file }) => file.startsWith('V'))
        .sort(byVersion)
        .map((up) => {
          const down = downs.get(versionOf(up));
          return sqlMigration(
            up.file,
            down ? sha256(`${up.hash}${down.hash}`) : up.hash,
            up.text,
            down?.text,
          );
        }),
    );
  },
});

/** `1.2` of `V1_2__add_due.sql`. */
const versionOf = ({ file }: MigrationFile): string =>
  (file.slice(1).split('__')[0] ?? '').replaceAll('_', '.');

/** Part by part, as numbers: 1.10 comes after 1.9. */
function byVersion(a: MigrationFile, b: MigrationFile): number {
  const [left, right] = [a, b].map((it) => versionOf(it).split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return byName(a.file, b.file);
}
