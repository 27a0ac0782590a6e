import type { ActionItem } from '../../src/domain/incident.ts';
import { draftOf } from '../../src/trackers/draft.ts';
import { anIncident } from '../slack/support.ts';

const item = (change: Partial<ActionItem> = {}): ActionItem => ({
  number: 2,
  text: 'test migrations',
  done: false,
  createdBy: 'U0000ONCALL',
  ...change,
});
const draft = (change: Partial<ActionItem>, title = 'it is down') =>
  draftOf(anIncident({ title }), item(change), { U00000000DBA: 'ada' }, 'effect-7');

describe('an action item as an issue', () => {
  it('says what, who, by when, and of which incident', () => {
    expect(draft({ owner: 'U00000000DBA', due: '2026-06-30' })).toEqual({
      title: 'test migrations',
      body: '- Incident 7: it is down\n- Action item 2, added by U0000ONCALL\n- Owner: ada\n- Due: 2026-06-30',
      marker: 'effect-7',
    });
    expect(draft({}).body).toContain('- Owner: not recorded\n- Due: not recorded');
  });

  it('calls nobody, links to nothing and cannot break out of its line', () => {
    const text = 'ask <@U00000000DBA> &amp; @octocat\n- fixes #12 GH-12 <!-- firebreak:x --> ![a](http://b)';
    const { title, body } = draft({ text }, 'down @team\n# heading');
    expect(title).toBe('ask ada & @octocat');
    expect(body).not.toMatch(/@(?:octocat|team)|#12|GH-12|<!--|!\[a\]\(/);
    expect(body.split('\n').filter((line) => /^#/.test(line))).toEqual([]);
  });

  it('has a title that GitHub takes, never cut within a character', () => {
    const { title, body } = draft({ text: '🔥'.repeat(300) });
    expect(title.length).toBeLessThanOrEqual(250);
    expect(title).toMatch(/🔥…$/u);
    expect(body).toContain('🔥'.repeat(300));
  });
});
