/** The document as others read it: parsed as GitHub does, it has the sections and tables that were meant, and no more. */
import fc from 'fast-check';
import type { Nodes, Root, Table } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { remark } from 'remark';
import remarkGfm from 'remark-gfm';
import { plainText } from '../../../src/domain/postmortem/markdown.ts';
import type { ReportContext } from '../../../src/domain/postmortem/report.ts';
import { renderPostmortem } from '../../../src/domain/postmortem.ts';
import type { IncidentRecord } from '../../../src/domain/record.ts';
import { correction } from '../../../src/domain/timeline.ts';
import { at, entryOf, HASHES, outage, outageIncident } from '../record-fixture.ts';

const parser = remark().use(remarkGfm);
const render = (record: IncidentRecord, context: Partial<ReportContext> = {}): string =>
  renderPostmortem(record, { generatedBy: 'Firebreak 0.1.0', ...context });
const parse = (record: IncidentRecord, context: Partial<ReportContext> = {}): Root =>
  parser.parse(render(record, context));

const SECTIONS = [
  '1. Incident Summary',
  '2. Impact',
  '3. Root Cause Analysis',
  '4. Incident Response',
  '5. What Went Well',
  '6. What Went Wrong',
  '7. Action Items and Recommendations',
  '8. Lessons Learned',
  '9. Conclusion',
];

const all = (node: Nodes): readonly Nodes[] => [
  node,
  ...('children' in node ? node.children.flatMap((child) => all(child)) : []),
];
const headings = (root: Root, depth: number): readonly string[] =>
  root.children.flatMap((node) => (node.type === 'heading' && node.depth === depth ? [toString(node)] : []));

/** Its timeline alone: a whole document takes the parser long. */
const timelineOf = (record: IncidentRecord): Root =>
  parser.parse(
    render(record)
      .split(/(?=^#{2,3} )/m)
      .filter((part) => part.startsWith('### Timeline\n'))
      .join(''),
  );

/** What follows a heading, until the next one. */
function below(root: Root, heading: string): readonly Nodes[] {
  const start = root.children.findIndex((node) => node.type === 'heading' && toString(node) === heading);
  const rest = root.children.slice(start + 1);
  const end = rest.findIndex(({ type }) => type === 'heading');
  return end < 0 ? rest : rest.slice(0, end);
}

function tableBelow(root: Root, heading: string): readonly (readonly string[])[] {
  const table = below(root, heading).find((node): node is Table => node.type === 'table');
  return (table?.children ?? []).map(({ children }) => children.map((cell) => textOf(cell)));
}

/** As it is read: a line break is one, a mark of ours shows nothing. */
const textOf = (node: Nodes): string => {
  if (node.type === 'html') return node.value === '<br>' ? '\n' : '';
  if ('children' in node) return node.children.map((child) => textOf(child)).join('');
  return 'value' in node ? node.value : '';
};

const evil = `x\n## 1. Incident Summary\n| a | b |\n|---|---|\n\`\`\`\n</details><!-- <script>alert(1)</script> <!channel> <@U01>\n[a]: https://b\r# top \\| \` \u2028## 9. Conclusion\u202e [^1] ![p](https://t.example/p.png) $a_b$ **b** <b>`;

/** The outage with this text wherever people, monitors or databases can put one. */
function hostile(text: string): IncidentRecord {
  const base = outage();
  const incident = outageIncident();
  return {
    ...base,
    incident: {
      ...incident,
      title: text,
      accounts: { impact: text, summary: text, cause: text, fix: text },
      service: text,
      roles: { [text]: text, commander: text },
      actionItems: [{ number: 1, text, done: false, owner: 'U01', createdBy: 'U02' }],
      pages: incident.pages.map((page) => ({ ...page, team: text, reason: text, unsent: text })),
    },
    timeline: base.timeline.map((entry) => ({ ...entry, text, link: text })),
    proposals: base.proposals.map((each) => ({ ...each, error: text, monitor: text, relations: [text] })),
    runs: base.runs.map((run) => ({
      ...run,
      title: text,
      target: text,
      steps: run.steps.map((step) => ({
        ...step,
        name: text,
        verdict: text,
        ...(step.plan ? { plan: { ...step.plan, title: text, facts: { [text]: 3 } } } : {}),
      })),
    })),
    parts: [
      { part: 'conclusion', text, by: 'U01', at: at('12:00:00') },
      { part: 'went-well', text, by: text, at: at('12:00:00') },
    ],
    people: { U01: text, U02: text, U03: text },
  };
}

/** Everything that only hostile text could have made. */
function expectSound(root: Root): void {
  const nodes = all(root);
  expect(headings(root, 1)).toHaveLength(2);
  expect(headings(root, 1)[1]).toBe('Appendix: Evidence');
  expect(headings(root, 2)).toEqual(SECTIONS);
  expect(
    nodes.filter(({ type }) =>
      [
        'image',
        'imageReference',
        'definition',
        'footnoteReference',
        'linkReference',
        'delete',
        'emphasis',
        'strong',
        'blockquote',
      ].includes(type),
    ),
  ).toEqual([]);
  const html = nodes.flatMap((node) => (node.type === 'html' ? [node.value] : []));
  expect(html.filter((each) => !/^(?:<br>|<a id="e\d+">|<\/a>)$/.test(each))).toEqual([]);
  for (const node of nodes) {
    if (node.type === 'table') {
      const widths = node.children.map(({ children }) => children.length);
      expect(new Set(widths).size).toBe(1);
    }
    if (node.type === 'link') expect(node.url).toMatch(/^(?:https?:\/\/|mailto:|#e\d+$)/);
  }
}

describe('the postmortem, parsed', () => {
  it('has its sections and tables as they were meant', () => {
    const root = parse(outage());
    expectSound(root);
    expect(toString(root.children[0])).toBe('Postmortem: Order status cannot be viewed');
    expect(tableBelow(root, 'Metrics')).toEqual([
      ['Metric', 'Value', 'Formula'],
      ['time to detect', '8 s', 'detected - impact_started'],
      ['time to acknowledge', '52 s', 'acknowledged - detected'],
      ['time to mitigate', '5 min 12 s', 'mitigated - detected'],
      ['time to resolve', '9 min', 'resolved - impact_started'],
    ]);
    const timeline = tableBelow(root, 'Timeline');
    expect(timeline).toHaveLength(1 + outage().timeline.length);
    expect(timeline[1]).toEqual([
      '20',
      '2026-11-22 09:59:50',
      expect.stringMatching(/^Migration/),
      'firebreak',
      '',
    ]);
    expect(tableBelow(root, 'Escalation')).toHaveLength(3);
    expect(tableBelow(root, '7. Action Items and Recommendations')).toHaveLength(3);
  });

  it('cites rows that are there', () => {
    const root = parse(outage());
    const nodes = all(root);
    const anchors = nodes.flatMap((node) =>
      node.type === 'html' ? [...node.value.matchAll(/id="(e\d+)"/g)] : [],
    );
    const known = new Set(anchors.map(([, id]) => id));
    const cited = nodes.flatMap((node) => (node.type === 'link' && node.url.startsWith('#') ? [node] : []));
    expect(cited.length).toBeGreaterThan(20);
    for (const { url, children } of cited) {
      expect(known).toContain(url.slice(1));
      expect(children).toMatchObject([{ type: 'text', value: `#${url.slice(2)}` }]);
    }
    const lines = render(outage())
      .split('\n')
      .filter((line) => line.includes('Proposed: '));
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line).toMatch(/^\s*- Proposed: .* \\\[\[#\d+\]\(#e\d+\).*\\\]$/);
  });

  it('stays itself, whatever stands anywhere', () => {
    expectSound(parse(hostile(evil), { timezone: 'Europe/Berlin' }));
    expectSound(parse(hostile(evil.repeat(3)), { sql: new Map([[HASHES.first, evil]]) }));
  });

  const nasty = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          ...[
            '|',
            '\\',
            '`',
            '``',
            '```',
            '\n',
            '\r',
            '\u2028',
            '\u202e',
            '\u200f',
            '## 1. x',
            '<!--',
            '<br>',
            '</a>',
          ],
          ...[
            '<@U01>',
            '[a](b)',
            '![a](b)',
            '&lt;',
            '&amp;',
            '&copy;',
            '---',
            '<!channel>',
            '<!here>',
            '* ',
            '_',
            '~~',
            '$',
            '[^1]',
            '1. ',
          ],
          ...['\n\n', '    ', '\t', '> ', '<script>', '@U01', '#12', '-->', '<a id="e1">'],
        ),
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''));

  it('shows what was written as text, in one cell', () => {
    fc.assert(
      fc.property(nasty, nasty, (text, name) => {
        // Within code a mention is shown as it was typed.
        fc.pre(![text, name].some((each) => /`[^]*<[!@#]/.test(each)));
        const people = { U01: name };
        const timeline = [entryOf(1, text, { actor: 'U01' }), entryOf(2, 'plain', { at: at('10:01:00') })];
        const rows = tableBelow(timelineOf(outage({ timeline, people })), 'Timeline');
        expect(rows).toHaveLength(3);
        expect(seen(rows[1]?.[2] ?? '')).toBe(seen(plainText(text, people)));
        expect(seen(rows[1]?.[3] ?? '')).toBe(seen(plainText(name, {})));
      }),
      { numRuns: 200 },
    );
  });

  it('is a document for any text anywhere', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expectSound(parse(hostile(text), { sql: new Map([[HASHES.first, text]]) }));
      }),
      { numRuns: 15 },
    );
  });

  it.each([0, 1, 12])('has a row for each of %i entries', (count) => {
    const timeline = Array.from({ length: count }, (_, index) => entryOf(index + 1, `entry ${index + 1}`));
    expectSound(parse(outage({ timeline })));
    const [head = [], ...rows] = tableBelow(timelineOf(outage({ timeline })), 'Timeline');
    expect(rows.map((row) => row[2])).toEqual(timeline.map(({ text }) => text));
    for (const row of rows) expect(row).toHaveLength(head.length);
  });

  it('cuts nothing off a message of 40,000 characters', () => {
    const text = 'a | `b` <!channel> \u202e'.repeat(2000);
    const [, row] = tableBelow(timelineOf(outage({ timeline: [entryOf(1, text)] })), 'Timeline');
    expect(seen(row?.[2] ?? '')).toBe(seen(plainText(text, {})));
  });
});

/** What keeps a name from calling is not seen. Of blanks, backticks around code and characters made visible, only that they are there is compared. */
const seen = (text: string): string =>
  text
    .replace(/[\s\u0085\u200b]+/g, '')
    .replace(/`/g, '')
    .replace(/\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');

describe('the timeline of the postmortem', () => {
  const told = (seq: number, text: string | undefined, minute: number) =>
    entryOf(seq, text, { at: at(`10:0${minute}:00`), recordedAt: at(`10:0${minute}:00`) });
  const corrected = (
    seq: number,
    what: Parameters<typeof correction>[0],
    of: number,
    text: string,
    minute: number,
  ) => {
    const { text: said, ...entry } = correction(what, of, 'U02', text, at(`10:0${minute}:00`));
    return { ...entryOf(seq, said), ...entry, seq };
  };
  const timeline = [
    told(1, 'the page is empty', 1),
    told(2, 'a secret', 2),
    told(3, 'noise', 3),
    told(4, 'gone', 4),
    corrected(5, 'text', 1, 'the page is slow', 5),
    corrected(6, 'struck', 2, 'not ours', 5),
    corrected(7, 'deleted', 4, '', 6),
    corrected(8, 'text', 1, 'the page is down', 7),
    entryOf(9, 'Postmortem exported', { kind: 'export', at: at('10:08:00') }),
  ];
  const record = outage({ timeline, incident: outageIncident({ leftOut: [3] }), runs: [], proposals: [] });

  it('shows corrected entries with what they said, leaves out what was struck or left out, and counts it', () => {
    const root = parse(record);
    const [, ...rows] = tableBelow(root, 'Timeline');
    expect(rows.map(([number, , event]) => [number, event])).toEqual([
      [
        '1',
        'the page is down\n(before: the page is empty)\n(before: the page is slow)\n(corrected 2026-11-22 10:07:00 by Bo)',
      ],
      ['4', 'gone\n(deleted in Slack 2026-11-22 10:06:00)'],
    ]);
    expect(
      below(root, 'Timeline')
        .map((node) => toString(node))
        .at(-1),
    ).toBe(
      '2 entries; not shown: 1 struck, 1 left out by the team. Exports of this report, and what was written into its parts, are not among them.',
    );
    expect(render(record)).not.toContain('a secret');
  });

  it('is the same after one more export', () => {
    const again = entryOf(10, 'Postmortem exported', { kind: 'export', at: at('10:09:00') });
    expect(render({ ...record, timeline: [...timeline, again], headHash: '00' })).toBe(render(record));
  });

  it("has a column for the team's zone, where that is not UTC", () => {
    const [head, first] = tableBelow(parse(record, { timezone: 'Asia/Kolkata' }), 'Timeline');
    expect(head).toEqual(['#', 'Time (UTC)', 'Time (Asia/Kolkata)', 'Event', 'Who', 'Link']);
    expect(first?.slice(1, 3)).toEqual(['2026-11-22 10:01:00', '2026-11-22 15:31:00']);
    expect(render(record, { timezone: 'Etc/UTC' })).toBe(render(record));
  });
});

describe('the figure of the phases', () => {
  it('is a gantt chart of the times that are known', () => {
    const [figure] = below(parse(outage()), 'Phases');
    expect(figure).toMatchObject({ type: 'code', lang: 'mermaid' });
    expect((figure as { value: string }).value.split('\n').map((line) => line.trim())).toEqual([
      'gantt',
      'title Incident 7, Order status cannot be viewed (times in UTC)',
      'dateFormat YYYY-MM-DD HH:mm:ss',
      'axisFormat %H:%M',
      'section Reached',
      'impact started :milestone, 2026-11-22 10:00:00, 0s',
      'detected :milestone, 2026-11-22 10:00:08, 0s',
      'acknowledged :milestone, 2026-11-22 10:01:00, 0s',
      'mitigated :milestone, 2026-11-22 10:05:20, 0s',
      'resolved :milestone, 2026-11-22 10:09:00, 0s',
      'section Phases',
      'impact started to detected :2026-11-22 10:00:00, 2026-11-22 10:00:08',
      'detected to acknowledged :2026-11-22 10:00:08, 2026-11-22 10:01:00',
      'acknowledged to mitigated :2026-11-22 10:01:00, 2026-11-22 10:05:20',
      'mitigated to resolved :2026-11-22 10:05:20, 2026-11-22 10:09:00',
    ]);
  });

  it('holds no character of a title that Mermaid or the fence could read as its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (title) => {
        const document = render(outage({ incident: outageIncident({ title }) }));
        const lines = document.split('```mermaid\n')[1]?.split('\n```')[0]?.split('\n') ?? [];
        expect(lines).toHaveLength(15);
        expect(lines[1]?.replace(/#\d+;/g, '')).toMatch(/^ {4}title [\p{L}\p{M}\p{N} ,.()_-]*$/u);
      }),
    );
  });

  it('is a sentence when fewer than two times are known', () => {
    const { detected } = outageIncident().milestones;
    if (!detected) throw new Error('the milestone');
    const root = parse(
      outage({ incident: outageIncident({ milestones: { detected, resolved: detected } }) }),
    );
    expect(below(root, 'Phases').map((node) => toString(node))).toEqual([
      'No figure of the phases: fewer than two different times of milestones are recorded.',
    ]);
  });
});
