/** Whether the server has met damaged pages by itself. To look for damage costs IO: only an approved plan does. */
import { type Check, defineCheck } from '../check.ts';
import { listed } from '../figures.ts';

interface Row {
  readonly database: string;
  readonly failures: number;
  readonly last: Date | null;
}

const FAILURES = `
  select coalesce(datname, 'objects that all databases share') as database,
         checksum_failures::float8 as failures,
         checksum_last_failure as last
    from pg_stat_database
   where checksum_failures > 0
   order by 3 desc
   limit 20`;

const SERVER = `
  select current_setting('data_checksums') = 'on' as checksums,
         exists (select from pg_extension where extname = 'amcheck') as amcheck`;

/** There is nothing in it that could be run without an approval: src/databases/corruption.ts is what looks. */
const check: Check = defineCheck({
  name: 'corruption',
  title: 'Damage that the server has met; looking for more takes an approved plan',
  order: 300,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none: tables and indexes are only read by the runbook corruption-check, after an approval',
  async run(target) {
    const failures = await target.read<Row>(FAILURES);
    const [server] = await target.read<{ checksums: boolean; amcheck: boolean }>(SERVER);
    const facts = { failures, ...server };
    if (failures.length > 0) {
      const where = listed(failures.map((row) => `${row.database} (${row.failures})`));
      return {
        status: 'crit',
        verdict: `Pages failed their checksum in ${where}: stop writing, keep a copy, and call a database expert.`,
        facts,
      };
    }
    const run = `run corruption-check target=${target.name} table=<table>`;
    return {
      status: 'skipped',
      verdict: `Nothing was looked for: that reads whole tables, and takes an approval. ${
        server?.checksums === true
          ? 'No page that was read so far failed its checksum.'
          : 'Data checksums are off: the server itself would not notice.'
      }`,
      facts,
      next: server?.amcheck === true ? run : `CREATE EXTENSION amcheck, then ${run}`,
    };
  },
});
export default check;
