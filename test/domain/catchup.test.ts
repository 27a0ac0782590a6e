import { catchup } from '../../src/domain/catchup.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import type { IncidentRecord } from '../../src/domain/record.ts';
import { aChange, at, entryOf, outage, outageIncident } from './record-fixture.ts';

const open = (changes: Partial<Incident> = {}): Incident =>
  outageIncident({ status: 'identified', statusSince: at('10:03:00'), severity: 'sev2', ...changes });
const read = (
  changes: Partial<Incident> = {},
  record: Partial<IncidentRecord> = {},
  now = at('10:20:00'),
): readonly string[] => catchup(outage({ incident: open(changes), ...record }), DEFAULT_POLICY, now);
/** The lines under a heading; itself when it says that there is nothing. */
function part(lines: readonly string[], title: string): readonly string[] {
  const from = lines.findIndex((line) => line.startsWith(`*${title}*`));
  const to = lines.findIndex((line, index) => index > from && !line.startsWith('•'));
  return lines.slice(from, to < 0 ? undefined : to);
}

describe('a latecomer reads', () => {
  test('what it is, how bad, since when, and what users notice', () => {
    const accounts = { impact: 'no order status', summary: 'a column is gone', cause: 'a migration' };
    const lastUpdate = { at: at('10:15:00'), by: 'U02', text: 'we are rolling back' };
    const lines = read({ accounts, lastUpdate });
    expect(lines.slice(0, lines.indexOf('*Who*'))).toEqual([
      '*inc-7* Order status cannot be viewed',
      '*sev2*, *identified* for 17 min; it began 20 min ago (2026-11-22 10:00:00 UTC)',
      'Summary: a column is gone',
      'Impact: no order status',
      'Cause: a migration',
      'Last update 5 min ago by <@U02>: we are rolling back',
    ]);
  });

  test('that the start and the impact are not recorded, instead of a guess', () => {
    expect(read({ milestones: {} }).slice(1, 3)).toEqual([
      '*sev2*, *identified* for 17 min; it began 19 min 20 s ago (2026-11-22 10:00:40 UTC, the start of the impact is not recorded)',
      'Impact: not recorded',
    ]);
  });

  test('that it is a drill, or the same as another one', () => {
    expect(read({ kind: 'drill' })[0]).toBe('*DRILL inc-7* Order status cannot be viewed');
    expect(read({ status: 'cancelled', duplicateOf: 3 })).toContain(
      'It is the same as inc-3: work goes on there.',
    );
  });

  test('who does what, in the order of the configuration, and that nobody leads', () => {
    expect(part(read(), 'Who')).toEqual([
      '*Who*',
      '• Incident commander: <@U02>',
      '• Subject matter expert: <@U03>',
    ]);
    expect(part(read({ roles: { scribe: 'U01' } }), 'Who')).toEqual([
      '*Who*',
      '• Incident commander: nobody',
      '• Scribe: <@U01>',
    ]);
  });

  test('the last five decisions in the order they were made, not what was said or erased', () => {
    const timeline = outage().timeline.filter(
      ({ kind, text }) => kind !== 'approval' && text !== 'Paged support (<@U99>)',
    );
    expect(part(read({}, { timeline }), 'Last decisions')).toEqual([
      '*Last decisions*',
      '• 10:01:00 UTC <@U02>: Incident commander: <@U02>',
      '• 10:01:10 UTC <@U02>: Paged database (<@U03>): rollback needed',
      '• 10:01:45 UTC <@U02>: Subject matter expert: <@U03>',
      '• 10:09:00 UTC <@U02>: Status mitigated → resolved',
    ]);
    const many = Array.from({ length: 9 }, (_, index) =>
      entryOf(index + 1, `${index + 1}`, { kind: 'status' }),
    );
    const erased = entryOf(10, undefined, { kind: 'status' });
    expect(part(read({}, { timeline: [...many, erased] }), 'Last decisions').slice(1)).toEqual(
      [5, 6, 7, 8, 9].map((text) => `• 10:00:00 UTC <@U01>: ${text}`),
    );
  });

  test('what was changed shortly before', () => {
    const change = entryOf(1, 'Migration x was applied', { kind: 'change', actor: 'monitor:shop' });
    expect(part(read({}, { timeline: [change] }), 'What changed')).toEqual([
      '*What changed*',
      '• 10:00:00 UTC, 0 s before the impact began: Migration x was applied',
    ]);
  });

  test('what was reported to have changed, though no entry tells it, and only the newest', () => {
    const flags = Array.from({ length: 7 }, (_, index) =>
      aChange({ id: index, kind: 'flag', title: `<!here> ${index}`, at: at(`09:5${index}:00`) }),
    );
    expect(part(read({}, { timeline: [], changes: flags }), 'What changed').slice(1)).toEqual(
      [2, 3, 4, 5, 6].map(
        (index) =>
          `• 09:5${index}:00 UTC, ${10 - index} min before the impact began: Flag of order-status: &lt;!here&gt; ${index}`,
      ),
    );
  });

  test('what is running, who is being paged, and who has not answered', () => {
    const [run] = outage().runs;
    if (!run) throw new Error('a run');
    const { endedAt: _, ...going } = run;
    const runs = [{ ...going, id: 9, state: 'awaiting_approval', title: '<!channel> sweep' } as const];
    const [escalation] = outageIncident().escalations;
    if (!escalation) throw new Error('an escalation');
    const escalations = (['paging', 'exhausted', 'acknowledged', 'stopped'] as const).map((state, index) => ({
      ...escalation,
      number: index + 1,
      team: state,
      state,
    }));
    expect(part(read({ escalations }, { runs }), 'Running')).toEqual([
      '*Running*',
      '• run 9: &lt;!channel&gt; sweep, awaiting approval',
      '• paging paging, level 1',
      '• exhausted was paged up to level 1, nobody has answered',
    ]);
  });

  test('what is due, what is late, and what is left to do', () => {
    const due = (now: Date) => part(read({}, {}, now), 'Due').slice(1);
    const item = '• action item 1: Test downs in CI (<@U03>, due 2026-12-18)';
    expect(due(at('10:20:00'))).toEqual(['• update by 2026-11-22 10:33:00 UTC', item]);
    expect(due(at('10:40:00'))).toEqual(['• update by 2026-11-22 10:33:00 UTC, overdue', item]);
  });

  test('that a postmortem is due when it is over, and no update', () => {
    expect(part(read({ status: 'resolved', actionItems: [] }), 'Due')).toEqual([
      '*Due*',
      '• postmortem by 2026-11-27 10:03:00 UTC',
    ]);
  });

  test('that there is nothing, where there is nothing', () => {
    const lines = read({ severity: 'sev5', actionItems: [], escalations: [] }, { timeline: [], runs: [] });
    for (const title of ['Last decisions', 'What changed', 'Running', 'Due'])
      expect(lines).toContain(`*${title}*: nothing`);
  });

  test('the same from the same record', () => {
    expect(read()).toEqual(read());
  });
});
