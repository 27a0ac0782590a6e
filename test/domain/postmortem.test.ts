import fc from 'fast-check';
import type { Incident, Page } from '../../src/domain/incident.ts';
import { renderPostmortem } from '../../src/domain/postmortem.ts';
import type { IncidentRecord } from '../../src/domain/record.ts';
import { aChange, at, entryOf, HASHES, MIGRATION, outage, outageIncident } from './record-fixture.ts';

const HEADINGS = [
  '## 1. Incident Summary',
  '## 2. Impact',
  '## 3. Root Cause Analysis',
  '## 4. Incident Response',
  '## 5. What Went Well',
  '## 6. What Went Wrong',
  '## 7. Action Items and Recommendations',
  '## 8. Lessons Learned',
  '## 9. Conclusion',
];

const render = (record: IncidentRecord): string =>
  renderPostmortem(record, { generatedBy: 'Firebreak 0.1.0' });
const headings = (markdown: string): string[] =>
  markdown.split('\n').filter((line) => line.startsWith('## '));

/** The lines of one numbered section, or of one titled part of it. */
function section(markdown: string, heading: string): string {
  const after = markdown.split(`\n${heading}`)[1] ?? '';
  return after.split(heading.startsWith('###') ? /\n##/ : /\n## /)[0] ?? '';
}

describe('the postmortem of the outage', () => {
  const markdown = render(outage());

  it('has its nine sections in order, under its title', () => {
    expect(markdown.startsWith('# Postmortem: Order status cannot be viewed\n')).toBe(true);
    expect(headings(markdown)).toEqual(HEADINGS);
  });

  it('says when, how long, how severe and what', () => {
    expect(section(markdown, '## 1.')).toContain(
      '2026-11-22 10:00:00 UTC - 2026-11-22 10:09:00 UTC (resolved)',
    );
    expect(section(markdown, '## 1.')).toContain('Duration: 9 min (resolved - impact_started)');
    expect(section(markdown, '## 1.')).toContain('Severity: sev1');
    expect(section(markdown, '## 1.')).toContain('`order-status`; database `shop`');
    expect(section(markdown, '## 1.')).toContain('SQLSTATE `42703`: column "status" does not exist');
  });

  it('shows milestones with their source and corrected values with both', () => {
    expect(section(markdown, '### Milestones')).toContain(
      '| impact_started | 2026-11-22 10:00:00 UTC | Bo | 2026-11-22 10:00:05 UTC by monitor:shop-probes |',
    );
    expect(section(markdown, '### Milestones')).toContain('| impact_ended | not recorded (set it with');
    expect(section(markdown, '### Metrics')).toContain(
      '| time to mitigate | 5 min 12 s | mitigated - detected |',
    );
  });

  it('counts damaged and restored rows, and conflicts', () => {
    for (const line of ['after the rollback: 500 rows', 'by repair: 493 rows', 'not overwritten: 7 rows'])
      expect(section(markdown, '## 2.')).toContain(line);
  });

  it('names the migration, when it was applied and what its way back leaves', () => {
    const cause = section(markdown, '## 3.');
    expect(cause).toContain(`Migration \`${MIGRATION}\` was applied at 2026-11-22 09:59:50 UTC, 10 s before`);
    expect(cause).toContain(
      `\`${MIGRATION}\`, applied at 2026-11-22 09:59:50 UTC, was rolled back on \`shop\``,
    );
    expect(cause).toContain('does not undo: the UPDATE of order_status.code');
  });

  it('tells of the failed rollback as fully as of the one that worked', () => {
    const actions = section(markdown, '### Response actions');
    const failed = actions.slice(actions.indexOf('- Run 2,'), actions.indexOf('- Run 3,'));
    expect(failed).toContain('requested by Ana at 2026-11-22 10:02:30 UTC; stopped after 50 s');
    expect(failed).toContain(`approved by Dee the DBA at 10:02:50 UTC for plan hash \`${HASHES.first}\``);
    expect(failed).toContain('Stopped with `LOCK_TIMEOUT`: nothing was left behind');
    expect(failed).toContain('Blocked by session pid 4711 (user `report`, application `nightly-report`');
    expect(actions).toContain(`Plan: End session 4711 on shop, hash \`${HASHES.terminate}\``);
    expect(actions).toContain('Probes afterwards: 1 of 2 green; red: `status is known` (`22P02`)');
  });

  it('proves each step in the appendix: plan, who asked and approved, before and after, probes, entries', () => {
    const proof = section(markdown, '#### Run 4, step 1: migration-rollback (done)');
    expect(proof).toContain('- Begun at 2026-11-22 10:04:50 UTC, took 25 s');
    expect(proof).toContain(`hash \`${HASHES.first}\``);
    expect(proof).toContain('Requested by Ana at 10:04:30 UTC; approved by Dee the DBA at 10:04:50 UTC');
    expect(proof).toContain('- Before: no figures recorded');
    expect(proof).toContain('- After: attempts 1, data_suspect 500, duration_ms 240');
    expect(proof).toContain('- Probes afterwards: 1 of 2 green; red: `status is known` (`22P02`)');
    expect(proof).toContain('  - `status is known`: red (`22P02`), 5 ms');
    expect(proof).toContain('- Entries: \\[[#9](#e9), [#18](#e18)\\]');
    expect(proof).toContain('The SQL of this plan is not shown here; its hash names it.');
    expect(section(markdown, '#### Run 5')).toContain(
      '- After: already_right 12, conflicts 7, restored 493, snapshot_table `firebreak_7.order_status_before`',
    );
  });

  it('shows the SQL of a plan as it is told, in a fence that nothing in it closes', () => {
    const sql = 'select ```1```;\n```` -- \u202e\n## 1. Incident Summary';
    const shown = renderPostmortem(outage(), {
      generatedBy: 'Firebreak 0.1.0',
      sql: new Map([[HASHES.first, sql]]),
    });
    expect(shown).toContain('\n`````sql\nselect ```1```;\n```` -- \ufffd\n## 1. Incident Summary\n`````\n');
  });

  it('does not call a repair clean that stopped after some of its batches', () => {
    const [last] = outage().runs.slice(-1);
    const halted = {
      state: 'stopped',
      code: 'LOCK_TIMEOUT',
      verdict: 'a row stayed locked',
      facts: { restored: 200 },
      blockers: [],
    } as const;
    const steps = last?.steps.map((step) => ({ ...step, outcome: halted }));
    if (last === undefined || steps === undefined) throw new Error('the repair');
    const partly = render(
      outage({
        runs: [
          { ...last, id: 5, steps },
          { ...last, id: 6, requestedAt: at('10:08:40') },
        ],
      }),
    );
    expect(partly).toContain('Stopped with `LOCK_TIMEOUT`: 200 rows of batches before stay restored');
    expect(section(partly, '## 5.')).not.toContain('stopped cleanly');
    expect(section(partly, '## 2.')).toContain('by repair: 693 rows');
    expect(section(partly, '## 2.')).toContain('not overwritten: 7 rows');
  });

  it('says when who was paged, at which level, and how they answered', () => {
    const escalation = section(markdown, '### Escalation');
    expect(escalation).toContain(
      '| 1 | 2026-11-22 10:01:10 | database | 1 | Dee the DBA | Bo | rollback needed | acknowledged after 30 s |',
    );
    expect(escalation).toContain(
      '| 2 | 2026-11-22 10:01:20 | support | 1 | U99 | Bo | not recorded | none |',
    );
  });

  it('holds every entry of the timeline by the time it happened, late and erased ones marked', () => {
    const [table = '', after] = section(markdown, '### Timeline').trim().split('\n\n');
    const rows = table.split('\n');
    expect(rows[0]).toBe('| # | Time (UTC) | Event | Who | Link |');
    expect(rows).toHaveLength(2 + outage().timeline.length);
    expect(after).toBe(
      '20 entries. Exports of this report, and what was written into its parts, are not among them.',
    );
    expect(rows[3]).toBe(
      '| <a id="e11"></a>11 | 2026-11-22 09:59:58 (recorded 14:20) | Customers report an empty page<br>see [the board](https://status.example/1) | U99 | [link](https://slack.example/archives/C07/p1) |',
    );
    expect(rows.slice(11, 13)).toEqual([
      '| <a id="e7"></a>7 | 2026-11-22 10:02:00 | Sweep of shop: 1 critical | firebreak |  |',
      '| <a id="e12"></a>12 | 2026-11-22 10:02:00 | erased | Ana |  |',
    ]);
  });

  it('derives what went well and wrong, and leaves opinions to people', () => {
    const well = section(markdown, '## 5.');
    expect(well).toContain('Monitor `shop-probes` detected the failure 8 s after');
    expect(well).toContain(`The first diagnosis took 0.8 s and named the migration \`${MIGRATION}\``);
    expect(well).toContain('stopped cleanly, nothing was left behind');
    expect(well).toContain(
      'put back 493 rows; rows that still differ, written since or held by others and not overwritten: 7',
    );
    expect(well).toContain('Each of the 4 approved plans was approved by somebody else');
    const wrong = section(markdown, '## 6.');
    expect(wrong).toContain('failed with `LOCK_TIMEOUT` because of session pid 4711');
    expect(wrong).toContain('(run 4) 500 rows still held wrong data');
    expect(wrong).toContain('probes still failed: `status is known`');
    expect(wrong).toContain('Check `log` gave no answer (skipped)');
    expect(wrong).toContain('Page 2 to support (U99) was not answered');
    for (const part of [well, wrong, section(markdown, '## 8.')])
      expect(part).toContain('not recorded (the team');
  });

  it('lists action items with owner, deadline and state', () => {
    const items = section(markdown, '## 7.');
    expect(items).toContain('| 1 | Test downs in CI | Dee the DBA | 2026-12-18 | open |');
    expect(items).toContain('| 2 | Ask Ana about \\| limits | not recorded | not recorded | done |');
  });

  it('links to what a tracker keeps', () => {
    const [first, second] = outageIncident().actionItems;
    if (!first || !second) throw new Error('the action items');
    const issue = { number: 12, url: 'https://github.example/team/repo/issues/12' };
    const kept = outageIncident({ actionItems: [{ ...first, issue }, second] });
    const items = section(render(outage({ incident: kept })), '## 7.');
    expect(items).toContain('| open | [#12](https://github.example/team/repo/issues/12) |');
    expect(items).toContain('| done |  |');
  });

  it('ends with the head hash of the timeline, and holds no time of its making', () => {
    expect(markdown.endsWith(`\nTimeline head hash: ${'f0'.repeat(32)}\n`)).toBe(true);
    expect(render(structuredClone(outage()))).toBe(markdown);
    expect(render({ ...outage(), runs: outage().runs.toReversed() })).toBe(markdown);
  });

  it('holds nothing undefined or unreadable', () => {
    expect(markdown).not.toMatch(/undefined|null|NaN|\[object|Invalid/);
  });
});

describe('what people said of it', () => {
  const accounts = {
    impact: 'nobody saw an order status',
    summary: 'a migration renamed a column that <@U01> reads',
    cause: 'the migration was not tested',
    fix: 'it was rolled back',
  };
  const markdown = render(outage({ incident: outageIncident({ accounts }), proposals: [], runs: [] }));

  it.each([
    ['## 1.', 'Description: a migration renamed a column that Ana reads'],
    ['## 2.', 'User impact: nobody saw an order status'],
    ['## 3.', 'Immediate cause: the migration was not tested'],
    ['### Response actions', 'What fixed it: it was rolled back'],
    ['## 9.', 'Cause: the migration was not tested'],
    ['## 9.', 'What fixed it: it was rolled back'],
  ])('stands in section %s as "%s"', (heading, line) => {
    expect(section(markdown, heading)).toContain(`- ${line}\n`);
  });
});

describe('what an incident is', () => {
  const about = (changes: Partial<Incident>): string =>
    section(render(outage({ incident: outageIncident(changes) })), '## 1.');

  it.each<readonly [string, Partial<Incident>]>([
    ['Kind: drill; nothing was wrong, and no figure counts it', { kind: 'drill' }],
    ['Kind: retrospective; it was written down after it was over', { kind: 'retrospective' }],
    ['Private: only members of its channel may see this', { private: true }],
    ['Status: cancelled, a duplicate of incident 3', { status: 'cancelled', duplicateOf: 3 }],
  ])('is said: %s', (line, changes) => {
    expect(about(changes)).toContain(`- ${line}\n`);
    expect(about({})).not.toContain(line);
  });
});

describe('a page that nobody answered', () => {
  const [, lonely] = outageIncident().pages;
  const [, exhausted] = outageIncident().escalations;
  if (!lonely || !exhausted) throw new Error('the page to support');
  const wrong = (pages: readonly Page[], state: 'exhausted' | 'stopped' | 'acknowledged'): string =>
    section(
      render(outage({ incident: outageIncident({ pages, escalations: [{ ...exhausted, state }] }) })),
      '## 6.',
    );
  const came = { kind: 'acknowledged', by: 'U03', at: at('10:02:00') } as const;

  it('went wrong, whatever the reason', () => {
    expect(wrong([lonely], 'exhausted')).toContain('Page 2 to support (U99) was not answered');
    expect(wrong([{ ...lonely, unsent: 'user_not_found' }], 'exhausted')).toContain(
      'Page 2 to support (U99) could not be sent: user_not_found',
    );
    expect(wrong([{ ...lonely, answer: { ...came, kind: 'declined', by: 'U99' } }], 'exhausted')).toContain(
      'Page 2 to support (U99) was declined',
    );
  });

  it('was not needed when somebody of the same level came, or when the incident ended first', () => {
    const other: Page = { ...lonely, number: 3, user: 'U03', answer: came };
    expect(wrong([lonely, other], 'acknowledged')).not.toContain('Page 2');
    expect(wrong([lonely], 'stopped')).not.toContain('Page 2');
  });

  it('went wrong when only the next level came', () => {
    const next: Page = { ...lonely, number: 3, level: 2, user: 'U03', answer: came };
    expect(wrong([lonely, next], 'acknowledged')).toContain('Page 2 to support (U99) was not answered');
  });
});

describe('roles', () => {
  const changed = (text: string, seq: number) =>
    entryOf(seq, text, { kind: 'role', at: at(`10:0${seq}:00`), actor: 'U02' });
  const markdown = render(
    outage({
      timeline: [changed('Scribe: <@U01>', 1), changed('Scribe: <@U01> → <@U02>', 2)],
      incident: outageIncident({ roles: { scribe: 'U02', wizard: 'U99', commander: 'U01' } }),
    }),
  );

  it('stand in the order of the configuration, one that is there no more at the end', () => {
    const lines = section(markdown, '### Who').trim().split('\n');
    expect(lines.slice(0, 3)).toEqual(['- Incident commander: Ana', '- Scribe: Bo', '- wizard: U99']);
  });

  it('keep their history', () => {
    expect(section(markdown, '### Who')).toContain('2026-11-22 10:02:00 UTC: Scribe: Ana → Bo');
  });
});

describe('the postmortem of an incident that little is known of', () => {
  const bare = outage({
    incident: outageIncident({
      milestones: {},
      roles: {},
      pages: [],
      leftOut: [],
      actionItems: [],
      status: 'investigating',
    }),
    timeline: [],
    runs: [],
    proposals: [],
    people: {},
  });

  it('has the same sections and says what is not recorded', () => {
    const markdown = render(bare);
    expect(headings(markdown)).toEqual(HEADINGS);
    for (const heading of HEADINGS.slice(0, 9)) expect(section(markdown, heading)).toContain('not recorded');
    expect(markdown).toContain('Date and time: not recorded (set it with `milestone impact_started <time>`)');
    expect(markdown).toContain('time to detect | not recorded |');
    expect(markdown).toContain('Action items: not recorded (add one with');
    expect(markdown).not.toMatch(/undefined|NaN|\b0 s\b/);
  });

  it('reads figures that it does not know without failing', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('restored', 'conflicts', 'not_undone', 'x'), fc.jsonValue()),
        (facts) => {
          const runs = outage().runs.map((run) => ({
            ...run,
            steps: run.steps.map((step) => ({
              ...step,
              output: facts,
              ...(step.outcome ? { outcome: { ...step.outcome, facts } } : {}),
            })),
          }));
          expect(headings(render(outage({ runs })))).toEqual(HEADINGS);
        },
      ),
    );
  });
});

describe('hostile text', () => {
  const evil =
    'x\n## 1. Incident Summary\n| a | b |\n```\n<!-- <script> [a]: b\r# top \\| ` \u2028## 9. Conclusion';

  it('cannot add a heading, a row or HTML, wherever it stands', () => {
    const base = outage();
    const markdown = render({
      ...base,
      incident: outageIncident({
        title: evil,
        accounts: { impact: evil, summary: evil, cause: evil, fix: evil },
        service: evil,
        roles: { [evil]: evil },
        actionItems: [{ number: 1, text: evil, done: false, owner: 'U01', createdBy: 'U02' }],
        pages: outageIncident().pages.map((page) => ({ ...page, team: evil, reason: evil, unsent: evil })),
      }),
      timeline: [entryOf(1, evil, { link: evil, actor: evil }), entryOf(2, 'plain', { at: at('10:01:00') })],
      proposals: base.proposals.map((each) => ({ ...each, error: evil, monitor: evil, relations: [evil] })),
      runs: base.runs.map((run) => ({
        ...run,
        title: evil,
        steps: run.steps.map((step) => ({ ...step, name: evil, verdict: evil })),
      })),
      people: { U01: evil, U02: evil, U03: evil },
    });
    expect(headings(markdown)).toEqual(HEADINGS);
    const lines = markdown.split(/[\n\r\u2028]/);
    expect(lines.filter((line) => /^#\s/.test(line)).slice(1)).toEqual(['# Appendix: Evidence']);
    expect(section(markdown, '### Timeline').trim().split('\n\n')[0]?.split('\n')).toHaveLength(4);
    expect(markdown).not.toMatch(/<(?:script|!--)/);
  });
});

describe('what was reported to have changed', () => {
  const factors = (record: Partial<IncidentRecord>): string =>
    section(render(outage(record)), '### Contributing factors');
  const { timeline } = outage();
  const deploy = entryOf(40, 'Deploy of order-status by ana: v42 | *all*', {
    kind: 'change',
    actor: 'change:http',
    at: at('09:58:00'),
    details: { change: 1 },
  });

  it('is proposed as a factor with its time and its entry, when it came before', () => {
    expect(factors({ timeline: [...timeline, deploy] })).toContain(
      '- Proposed: Deploy of order-status by ana: v42 | \\*all\\* at 2026-11-22 09:58:00 UTC, 2 min before the impact began \\[[#40](#e40)\\]',
    );
    for (const time of ['07:59:59', '10:00:01'])
      expect(factors({ timeline: [...timeline, { ...deploy, at: at(time) }] })).not.toContain('v42');
  });

  it('is no factor when no entry tells it, or the team has left it out', () => {
    expect(factors({ changes: [aChange()] })).not.toContain('v42');
    const incident = outageIncident({ leftOut: [40] });
    expect(factors({ incident, timeline: [...timeline, deploy], changes: [aChange()] })).not.toContain('v42');
  });
});
