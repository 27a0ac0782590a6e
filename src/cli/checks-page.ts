/** docs/checks.md: every check as its definition describes it. */
import { inCell, plain } from '../app/commands-page.ts';
import type { Check } from '../databases/check.ts';

/** The page as Markdown. */
export const renderChecksPage = (checks: readonly Check[]): string =>
  `${[
    INTRO,
    '## In the first minutes',
    'The sweep runs them one after the other, in this order.',
    table(checks.filter(({ firstMinutes }) => firstMinutes)),
    '## By name',
    'For the time after, or for a suspicion: what they find rarely is the cause of an outage that has just begun.',
    table(checks.filter(({ firstMinutes }) => !firstMinutes)),
  ].join('\n\n')}\n`;

const INTRO = `# Checks

<!-- Written by \`npm run docs\` from the files in src/databases/checks/. Edit those. -->

A check asks a database one question, as the \`diag\` role, in a read-only transaction that ends after 3 s unless the
check says otherwise. \`npx firebreak db sweep\` and \`/incident db\` run those of the first minutes,
\`npx firebreak db <check>\` any one.

It ends as ok, warn, crit, skipped (a right or an extension is missing, or the server is too old: the answer says what
to do) or timeout. The last two never mean ok. A *limit* is the figure from which a check warns, and the one from which
it is critical. \`npm test\` tries all of them on PostgreSQL 15 and 18.`;

const table = (checks: readonly Check[]): string =>
  [
    '| check | looks at | needs | may cost | limits | from PostgreSQL |',
    '|---|---|---|---|---|---|',
    ...checks.map(row),
  ].join('\n');

const row = (check: Check): string =>
  `| ${[
    `\`${check.name}\``,
    plain(check.title),
    plain(check.privilege),
    plain(check.danger),
    limitsOf(check),
    String(check.since),
  ]
    .map(inCell)
    .join(' | ')} |`;

function limitsOf({ limits, unit, source }: Check): string {
  const from = (['warn', 'crit'] as const)
    .filter((status) => Number.isFinite(limits[status]))
    .map((status) => `${status} from ${limits[status]}`);
  if (from.length === 0) return 'none';
  return `${from.join(', ')}${unit === '' ? '' : ` ${plain(unit)}`} (${plain(source)})`;
}
