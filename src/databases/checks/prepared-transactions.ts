/** Transactions that were prepared and neither committed nor rolled back: they keep their locks over restarts. */
import { type Check, defineCheck, judge } from '../check.ts';
import { literal } from '../names.ts';
import { age, count } from '../words.ts';

interface Row {
  readonly gid: string;
  readonly owner: string;
  readonly database: string;
  readonly prepared_s: number;
}

const SQL = `
  select gid, owner::text, database::text, extract(epoch from clock_timestamp() - prepared)::float8 as prepared_s
    from pg_prepared_xacts
   order by prepared
   limit 20`;

const check: Check = defineCheck({
  name: 'prepared-transactions',
  title: 'Transactions that were prepared and neither committed nor rolled back',
  order: 43,
  firstMinutes: true,
  privilege: 'none',
  danger: 'none',
  /** Seconds since it was prepared. */
  limits: { warn: 5, crit: 30 },
  source: 'check_postgres has 1 and 30 s; a coordinator may take some seconds (ours)',
  async run(target, { limits }) {
    const transactions = await target.read<Row>(SQL);
    const [oldest] = transactions;
    const facts = { transactions };
    if (oldest === undefined) return { status: 'ok', verdict: 'No transaction is prepared.', facts };
    const { gid, owner, database, prepared_s } = oldest;
    const status = judge(prepared_s, limits);
    const name = literal(gid);
    return {
      status,
      verdict: `${count(transactions.length, 'prepared transaction')}; the oldest is ${name} (owner ${owner}, database ${database}), prepared ${age(prepared_s)} ago.`,
      facts,
      ...(status === 'ok'
        ? {}
        : {
            next: `ask its coordinator, then COMMIT PREPARED ${name} or ROLLBACK PREPARED ${name} in ${database}`,
          }),
    };
  },
});
export default check;
