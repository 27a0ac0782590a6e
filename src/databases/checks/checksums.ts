/** Whether pages of the data files came back from the disk broken. */
import { type Check, defineCheck } from '../check.ts';
import { age, count } from '../words.ts';

interface Row {
  readonly database: string;
  /** NULL when the server keeps no checksums. */
  readonly failures: number | null;
  readonly last_s: number | null;
}

const SQL = `
  select coalesce(datname::text, 'what all databases share') as database,
         checksum_failures::float8 as failures,
         extract(epoch from clock_timestamp() - checksum_last_failure)::float8 as last_s
    from pg_stat_database
   order by checksum_failures desc nulls last
   limit 10`;

const check: Check = defineCheck({
  name: 'checksums',
  title: 'Whether pages of the data files came back from the disk broken',
  order: 25,
  firstMinutes: true,
  privilege: 'none',
  danger: 'none',
  source: 'pgMonitor: any failure is critical',
  async run(target) {
    const rows = await target.read<Row>(SQL);
    const [worst] = rows;
    const broken = rows.filter(({ failures }) => (failures ?? 0) > 0);
    const facts = { broken };
    if (worst === undefined || worst.failures === null) {
      return {
        status: 'skipped',
        verdict: 'The server keeps no checksums: broken pages are not noticed.',
        facts,
        next: 'switch them on by pg_checksums --enable, while the server is stopped',
      };
    }
    if (broken.length === 0) return { status: 'ok', verdict: 'No page failed its checksum.', facts };
    const last = worst.last_s === null ? '' : `, the last ${age(worst.last_s)} ago`;
    return {
      status: 'crit',
      verdict: `${count(worst.failures, 'read')} in ${worst.database} met a page that fails its checksum${last}: stop writing and call a database expert.`,
      facts,
      next: 'stop what writes, keep the disk as it is, and call a person who has repaired a database before',
    };
  },
});
export default check;
