import { exportJson } from '../../src/domain/export.ts';
import { aChange, outage, outageIncident } from './record-fixture.ts';

describe('the export as JSON', () => {
  it('has its keys in a fixed order and survives JSON', () => {
    const json = exportJson(outage());
    expect(Object.keys(json)).toEqual([
      'incident',
      'milestones',
      'metrics',
      'proposals',
      'changes',
      'alerts',
      'timeline',
      'runs',
      'pages',
      'action_items',
      'parts',
      'head_hash',
    ]);
    expect(JSON.stringify(exportJson(structuredClone(outage())))).toBe(JSON.stringify(json));
  });

  it('holds the timeline by the time things happened, with names, and says what was erased', () => {
    const { timeline } = exportJson(outage());
    expect(timeline.map(({ seq }) => seq)).toEqual([
      20, 11, 1, 2, 3, 4, 13, 5, 6, 7, 12, 16, 8, 17, 14, 18, 9, 19, 15, 10,
    ]);
    expect(timeline[1]).toEqual({
      seq: 11,
      at: '2026-11-22T09:59:58.000Z',
      recorded_at: '2026-11-22T14:20:00.000Z',
      kind: 'note',
      actor: 'U99',
      text: 'Customers report an empty page\nsee the board (https://status.example/1)',
      link: 'https://slack.example/archives/C07/p1',
    });
    expect(timeline[4]).toMatchObject({ actor: 'Bo', text: 'Incident commander: Bo' });
    expect(timeline[10]).toMatchObject({ seq: 12, text: 'erased', erased: true });
  });

  it('lists what was reported to have changed, in the words of whoever did', () => {
    expect(
      exportJson(outage({ changes: [aChange({ title: 'v42 <@U01> &lt;', author: 'ana' })] })),
    ).toMatchObject({
      changes: [
        {
          at: '2026-11-22T09:58:00.000Z',
          kind: 'deploy',
          title: 'v42 <@U01> &lt;',
          service: 'order-status',
          author: 'ana',
          source: 'http',
          received_at: '2026-11-22T09:58:00.000Z',
        },
      ],
    });
  });

  it('keeps corrected milestones, approvals and owners', () => {
    expect(exportJson(outage())).toMatchObject({
      incident: { number: 7, roles: { commander: 'Bo', expert: 'Dee the DBA' } },
      milestones: {
        impact_started: {
          by: 'Bo',
          earlier: [{ at: '2026-11-22T10:00:05.000Z', by: 'monitor:shop-probes' }],
        },
        impact_ended: null,
      },
      action_items: [
        { owner: 'Dee the DBA', due: '2026-12-18', done: false },
        { text: 'Ask Ana about | limits' },
      ],
      head_hash: outage().headHash,
    });
    expect(JSON.stringify(exportJson(outage()))).toContain(
      '"decision":{"kind":"approved","by":"Dee the DBA"',
    );
  });

  it('says what kind it is, what people said of it, and what is not said as null', () => {
    const accounts = { impact: '<@U01> saw nothing', fix: 'rolled back' };
    const incident = outageIncident({ kind: 'drill', private: true, duplicateOf: 3, accounts });
    expect(exportJson(outage({ incident }))).toMatchObject({
      incident: {
        kind: 'drill',
        private: true,
        duplicate_of: 3,
        impact: 'Ana saw nothing',
        summary: null,
        cause: null,
        fix: 'rolled back',
      },
    });
  });

  it('keeps of each page its level, and why it was not sent', () => {
    const pages = outageIncident().pages.map((page) => ({ ...page, unsent: 'user_not_found' }));
    expect(exportJson(outage({ incident: outageIncident({ pages }) }))).toMatchObject({
      pages: [
        { escalation: 1, level: 1, user: 'Dee the DBA', answer: { kind: 'acknowledged' } },
        { escalation: 2, level: 1, unsent: 'user_not_found', answer: undefined },
      ],
    });
  });

  it('leaves out the SQL of plans and what steps read', () => {
    expect(JSON.stringify(exportJson(outage()))).not.toMatch(/"sql"|"output"|select 1/);
  });
});
