/** Asks the target one question in SQL that only reads; what comes back is bounded and redacted. */
import { z } from 'zod';
import { templateShape } from '../../databases/bind.ts';
import { type QueryResult, query } from '../../databases/query.ts';
import { redactSql } from '../../databases/redact.ts';
import { refusalLine } from '../../errors.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-query',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: z.strictObject({
    ...templateShape,
    max_rows: z.number().int().min(1).max(200).default(50),
  }),
  async run({ target }, { sql, values, names, max_rows: maxRows }) {
    const result = await query(target, { sql, values, names, maxRows });
    // What people look for is in the text as well.
    const asked = await redactSql(sql, 2000);
    if (result.ok)
      return { ok: true, verdict: verdictOf(result.value), output: { sql: asked, ...result.value } };
    return { ok: false, verdict: refusalLine(result), output: { sql: asked } };
  },
});

const verdictOf = ({ rows, more }: QueryResult): string =>
  `${rows.length} row${rows.length === 1 ? '' : 's'}${more ? ', and there is more that is not shown' : ''}.`;
