/** The order-status outage, told afterwards: six dated facts and what people say of them give back its report. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { streamExport } from '../../src/app/report.ts';
import { createTestApp, PEOPLE, type TestApp } from '../support/app.ts';

const CHANNEL = 'C000000RETRO';
let it1: TestApp;
let markdown: string;

/** As somebody would type the report of that outage into Slack the day after. */
const TOLD: readonly string[] = [
  'milestone impact_started 2024-06-03T10:00Z',
  'milestone detected 2024-06-03T10:15Z',
  'milestone resolved 2024-06-03T14:00Z',
  'milestone impact_ended 2024-06-03T14:00Z',
  'note 2024-06-03T10:00Z Outage begins.',
  'note 2024-06-03T10:15Z Issue detected through user reports and monitoring alerts.',
  'note 2024-06-03T10:30Z Incident escalated to the database administration team.',
  'note 2024-06-03T11:00Z Attempted rollback of the recent database update.',
  'note 2024-06-03T12:00Z Manual repair of the database table initiated.',
  'note 2024-06-03T14:00Z Full restoration of order status viewing functionality.',
  'summary Users were unable to view the status of their orders due to a database error that prevented the e-commerce server from querying order status data.',
  'impact All users were unable to view the status of their orders during the outage.',
  'cause A critical error in the database that stores order status records, which prevented queries from being executed.',
  'fix Manual intervention to repair the database table and restore functionality.',
  `action Implement automated rollback mechanisms and improve testing procedures. <@${PEOPLE.dba}> due 2024-06-30`,
  `action Enhance monitoring and alerting systems for database errors. <@${PEOPLE.oncall}> due 2024-06-15`,
  'postmortem write business-impact Negative user experience, increased load on customer support, potential loss of customer trust, and reputational damage.',
  'postmortem write scope All users of the e-commerce platform were affected.',
  'postmortem write underlying-causes A bug in the recent database update that caused a failure in the order status table.\n- Lack of automated rollback mechanisms for database changes.',
];

beforeAll(async () => {
  it1 = await createTestApp();
  it1.at(new Date('2024-06-04T09:00:00Z'));
  await it1.app.meet(PEOPLE.dba, 'Database Team');
  await it1.app.meet(PEOPLE.oncall, 'DevOps Team');
  const declared = await it1.say(PEOPLE.commander, 'declare --retro sev1 Order Status Viewing Outage');
  expect(declared).toContain('Retrospective incident 1');
  await it1.store.query('update incidents set channel_id = $1 where id = 1', [CHANNEL]);
  for (const line of TOLD) {
    const answer = await it1.say(PEOPLE.commander, line, CHANNEL);
    expect(answer).not.toContain(':no_entry:');
  }
  const chunks: string[] = [];
  await streamExport(
    it1.store,
    1,
    { format: 'md', generatedBy: 'Firebreak test' },
    (chunk) => void chunks.push(chunk),
  );
  markdown = chunks.join('');
});
afterAll(() => it1.close());

const section = (heading: string): string => {
  const after = markdown.split(`\n${heading}`)[1] ?? '';
  return after.split(/\n##/)[0] ?? '';
};

it('has the summary of that report: when, how long, what', () => {
  const summary = section('## 1. Incident Summary');
  expect(markdown).toContain('# Postmortem: Order Status Viewing Outage\n');
  expect(summary).toContain('- Date and time: 2024-06-03 10:00:00 UTC - 2024-06-03 14:00:00 UTC\n');
  expect(summary).toContain('- Duration: 4 h (impact_ended - impact_started)\n');
  expect(summary).toContain('- Severity: sev1\n');
  expect(summary).toContain('- Kind: retrospective');
  expect(summary).toContain(
    '- Description: Users were unable to view the status of their orders due to a database error that prevented the e-commerce server from querying order status data.',
  );
});

it('has its time to detect, and says that nobody recorded the others', () => {
  const metrics = section('### Metrics');
  expect(metrics).toContain('| time to detect | 15 min | detected - impact_started |');
  expect(metrics).toContain('| time to acknowledge | not recorded | acknowledged - detected |');
  expect(metrics).toContain('| time to mitigate | not recorded | mitigated - detected |');
  expect(metrics).toContain('| time to resolve | 4 h | resolved - impact_started |');
  expect(section('### What is missing, and who could say')).toContain('with `milestone mitigated <time>`');
});

it('has the six rows of its timeline, in their order, each at its own time', () => {
  const rows = section('### Timeline')
    .split('\n')
    .filter((line) => line.includes('| 2024-06-03'))
    .map((line) => line.split(' | ').slice(1, 3));
  expect(rows).toEqual([
    ['2024-06-03 10:00:00 (recorded 2024-06-04 09:00)', 'Outage begins.'],
    [
      '2024-06-03 10:15:00 (recorded 2024-06-04 09:00)',
      'Issue detected through user reports and monitoring alerts.',
    ],
    [
      '2024-06-03 10:30:00 (recorded 2024-06-04 09:00)',
      'Incident escalated to the database administration team.',
    ],
    ['2024-06-03 11:00:00 (recorded 2024-06-04 09:00)', 'Attempted rollback of the recent database update.'],
    ['2024-06-03 12:00:00 (recorded 2024-06-04 09:00)', 'Manual repair of the database table initiated.'],
    [
      '2024-06-03 14:00:00 (recorded 2024-06-04 09:00)',
      'Full restoration of order status viewing functionality.',
    ],
  ]);
});

it('has its impact, cause and action items, and what the team wrote', () => {
  const impact = section('## 2. Impact');
  expect(impact).toContain('- User impact: All users were unable');
  expect(impact).toContain(
    '- Business impact (U0COMMANDER, 2024-06-04 09:00:00 UTC):\n  - Negative user experience',
  );
  expect(impact).toContain('  - All users of the e-commerce platform were affected.');
  const cause = section('## 3. Root Cause Analysis');
  expect(cause).toContain('- Immediate cause: A critical error in the database');
  expect(cause).toContain('  - A bug in the recent database update');
  expect(cause).toContain('\n  - Lack of automated rollback mechanisms for database changes.');
  const items = section('## 7. Action Items and Recommendations');
  expect(items).toContain(
    '| 1 | Implement automated rollback mechanisms and improve testing procedures. | Database Team | 2024-06-30 | open |',
  );
  expect(items).toContain('| DevOps Team | 2024-06-15 | open |');
});

it('proposes nothing that no fact supports', () => {
  expect(markdown).not.toContain('Proposed: ');
  expect(section('## 5. What Went Well')).toContain('Nothing is proposed: no recorded fact supports it');
});
