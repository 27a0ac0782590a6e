import { PassThrough } from 'node:stream';
import { verifyChain } from '../../src/domain/chain.ts';
import { exportJson } from '../../src/domain/export.ts';
import { renderPostmortem } from '../../src/domain/postmortem.ts';
import { createLogger } from '../../src/log.ts';
import { receive, settle } from '../../src/store/inbox.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { loadChain } from '../../src/store/timeline.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';
import { placesOf } from '../support/search-store.ts';

const { oncall, dba } = PEOPLE;
const CHANNEL = 'C0INCIDENT1';
const SECRET = 'hunter2 & "Xyz\\9"';

describe('timeline redact', () => {
  let it1: TestApp;
  let keys: number;
  beforeEach(async () => {
    it1 = await createTestApp({ settings: testSettings({ stakeholderChannel: 'C0STAKEHOLD' }) });
    keys = 0;
    await say('declare sev2 order status page is down', oncall);
    await setChannel(it1.store, 1, CHANNEL);
  });
  afterEach(() => it1.close());

  /** As Slack delivers it: the line is in the inbox before it is done. */
  async function say(text: string, actor = oncall): Promise<string> {
    keys += 1;
    const inboxKey = `command:${keys}`;
    const payload = { command: '/incident', text, user_id: actor, token: 'x' };
    await receive(it1.store, { key: inboxKey, kind: 'command', payload, receivedAt: it1.app.now() });
    const line = { text, actor, channelId: CHANNEL, inboxKey, receivedAt: it1.app.now() };
    return (await it1.dispatch(line)).text;
  }
  const entries = async () => (await it1.app.record(1))?.timeline ?? [];
  const numberOf = async (text: string): Promise<number> =>
    (await entries()).find((each) => each.text?.includes(text))?.seq ?? 0;
  const exportsNow = async (): Promise<string> => {
    const record = await it1.app.record(1);
    if (!record) throw new Error('no record');
    return renderPostmortem(record, { generatedBy: 'test' }) + JSON.stringify(exportJson(record));
  };
  const redact = async (sought = SECRET): Promise<string> =>
    say(`timeline redact ${await numberOf(sought)} a pasted password`, dba);

  async function nothingIsLeft(sought = SECRET): Promise<void> {
    expect(await placesOf(it1.store, sought)).toEqual([]);
    for (const part of ['hunter2', 'Xyz']) expect(await placesOf(it1.store, part)).toEqual([]);
    for (const part of ['hunter2', 'Xyz']) expect(await exportsNow()).not.toContain(part);
    expect(verifyChain(await loadChain(it1.store, 1))).toMatchObject({ ok: true });
  }

  it.each([
    ['a note', [`note the password is ${SECRET}`]],
    ['a note of some time ago', [`note 09:50 the password is ${SECRET}`]],
    ['a note that was edited', [`note the password is ${SECRET}`, 'timeline edit 2 the password is known']],
    ['an edit', ['note the password is known', `timeline edit 2 the password is ${SECRET}`]],
    ['an update', [`update we now use ${SECRET} there`]],
    ['an impact', [`impact the page shows ${SECRET} to all`]],
    [
      'an impact that was corrected',
      [`impact it shows ${SECRET}`, `timeline edit 2 it shows ${SECRET} to all`],
    ],
    ['a summary', [`summary somebody pasted ${SECRET}`]],
    ['an action item', [`action change ${SECRET} everywhere <@${dba}> due tomorrow`]],
    ['an action item that is done', [`action change ${SECRET} everywhere`, 'action done 1']],
    ['the reason of a page', [`escalate database use ${SECRET} to log in`]],
    ['what resolved it', [`resolve with the password ${SECRET}`]],
    ['why it was cancelled', [`cancel somebody typed ${SECRET}`]],
    ['a new title', [`rename the password ${SECRET} is out`]],
    ['a line typed with a typo', [`noet we use ${SECRET} there`, `note we use ${SECRET} there`]],
    [
      'the same said twice',
      [`note we use ${SECRET}`, `update we use ${SECRET}`, `note 09:00 so we use ${SECRET} now`],
    ],
    ['a postmortem', [`note the password is ${SECRET}`, 'postmortem']],
  ] as const)('%s: its words are nowhere in the store', async (_what, lines) => {
    for (const line of lines) expect(await say(line)).not.toMatch(/is not understood|There is no entry/);
    expect(await placesOf(it1.store, SECRET)).not.toEqual([]);
    expect(await redact()).toMatch(/redacted: the words are erased/);
    await nothingIsLeft();
  });

  it('a message from which it was declared, and the title', async () => {
    await it1.app.declare({
      by: oncall,
      title: `login with ${SECRET} fails`,
      severity: 'sev2',
      source: {
        by: oncall,
        text: `hi\nlogin ${SECRET} fails`,
        at: it1.app.now(),
        link: 'https://x.slack.com/1',
      },
    });
    const redacted = await it1.app.redact(2, { by: dba, seq: 1, reason: 'a password' });
    expect(redacted).toMatchObject({ ok: true, links: ['https://x.slack.com/1'], erased: [1] });
    expect(await it1.app.redact(2, { by: dba, seq: 2, reason: 'a password' })).toMatchObject({ ok: true });
    expect(await placesOf(it1.store, 'hunter2')).toEqual([]);
    const { rows } = await it1.store.query<{ name: string }>(
      `select effect ->> 'name' as name from outbox where effect ->> 'kind' in ('create-channel', 'rename-channel') and effect ->> 'incident' = '2'`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['inc-2-redacted', 'inc-2-redacted']);
    expect((await it1.app.incident(2))?.title).toBe('[redacted]');
  });

  it('a captured message: its words, its edits and its files', async () => {
    const ts = '1780480000.000100';
    const later = '1780480060.000000';
    const file = { id: 'F1', name: 'hunter2.txt', type: 'text/plain', size: 9 };
    const by = oncall;
    await it1.app.heard({
      incident: 1,
      channel: CHANNEL,
      ts,
      author: by,
      link: 'https://x.slack.com/archives/1',
      versions: [
        { edited: '', by, text: `the password is ${SECRET}`, files: [file], heardTs: ts },
        { edited: later, by, text: `sorry, the password is ${SECRET} now`, files: [file], heardTs: later },
      ],
    });
    await it1.app.marked({
      incident: 1,
      channel: CHANNEL,
      ts,
      kind: 'reaction',
      name: 'pushpin',
      user: by,
      by,
      on: true,
      eventTs: later,
    });
    await it1.store.query(
      `update stored_files set bytes = convert_to($1, 'UTF8'), sha256 = 'abc', read_at = now()`,
      [SECRET],
    );
    expect(await placesOf(it1.store, 'hunter2')).toEqual(
      expect.arrayContaining(['message_revisions.text', 'stored_files.bytes', 'stored_files.name']),
    );
    expect(await redact()).toContain(
      'until they or an administrator delete it: https://x.slack.com/archives/1',
    );
    await nothingIsLeft();
    // What Slack still says of it later is not written.
    await it1.app.heard({
      incident: 1,
      channel: CHANNEL,
      ts,
      author: by,
      versions: [{ edited: '1780480090.000000', by, text: `so ${SECRET}`, files: [], heardTs: later }],
    });
    await nothingIsLeft();
  });

  it('leaves who, when and why, and says so in an entry', async () => {
    await say(`note the password is ${SECRET}`);
    await redact();
    const timeline = await entries();
    expect(timeline[1]).toMatchObject({
      seq: 2,
      kind: 'note',
      actor: oncall,
      erased: { by: dba, reason: 'a pasted password', at: it1.app.now() },
    });
    expect(timeline[1]).not.toHaveProperty('text');
    expect(timeline.at(-1)).toMatchObject({
      kind: 'redaction',
      actor: dba,
      text: `Entry 2 was redacted by <@${dba}>: a pasted password`,
    });
    expect(await say('timeline')).toContain('_erased by <@U00000000DBA>: a pasted password_');
  });

  it('keeps what is about something else', async () => {
    await say('note retry');
    await say('note we retry it');
    await say('update it is back');
    await say('timeline redact 2 no reason', dba);
    expect((await entries()).map(({ text }) => text)).toEqual(
      expect.arrayContaining(['we retry it', 'it is back']),
    );
    const { rows } = await it1.store.query(`select from outbox where effect::text like '%redacted%'`);
    expect(rows).toHaveLength(0);
  });

  it('a word that is also a name of the program breaks nothing', async () => {
    for (const word of [
      'investigating',
      'database',
      'incidents-channel',
      'firebreak',
      'received',
      'escalation-due',
    ])
      await say(`note ${word}`);
    await say('escalate database');
    for (let seq = 2; seq <= 7; seq += 1) await say(`timeline redact ${seq} told by mistake`, dba);
    expect(await it1.app.incident(1)).toMatchObject({
      status: 'investigating',
      escalations: [{ team: 'database' }],
    });
    const { rows } = await it1.store.query<{ kind: string }>(
      `select distinct effect -> 'to' ->> 'kind' as kind from outbox where effect ? 'to' order by 1`,
    );
    expect(rows.map(({ kind }) => kind)).toEqual(['incident', 'incidents-channel', 'user']);
  });

  it('erases the same words in other incidents, and says there that it did', async () => {
    await say('declare --anyway sev3 another thing altogether');
    await say(`note inc-2 the password is ${SECRET}`);
    await say(`note the password is ${SECRET}`);
    expect(await redact()).toContain('They were also in 1 places of other incidents.');
    expect((await it1.app.record(2))?.timeline.at(-1)?.text).toBe(
      `Entry 2 was redacted by <@${dba}>: it held words that were erased elsewhere`,
    );
    expect(verifyChain(await loadChain(it1.store, 2))).toMatchObject({ ok: true });
    await nothingIsLeft();
  });

  it('is for those whom permissions.redact names, else for approvers, never for a terminal', async () => {
    await say('note a password');
    expect(await say('timeline redact 2 pasted')).toMatch(/permissions.redact.*<@U00000000DBA>/s);
    expect(await it1.say('terminal:root@host', 'timeline inc-1 redact 2 pasted')).toContain(
      'A terminal is nobody whom `permissions.redact` can name',
    );
    expect((await entries())[1]?.text).toBe('a password');
    const open = await createTestApp({
      settings: testSettings({ permissions: { ...testSettings().permissions, redact: [oncall] } }),
    });
    await open.say(oncall, 'declare sev2 it is down');
    await open.say(oncall, 'note inc-1 a password');
    expect(await open.say(dba, 'timeline inc-1 redact 2 pasted')).toContain('permissions.redact');
    expect(await open.say(oncall, 'timeline inc-1 redact 2 pasted')).toContain('redacted');
    await open.close();
  });

  it.each([
    ['timeline redact 2', /needs a reason|reason/i],
    ['timeline redact', /is not understood/],
    ['timeline redact 9 pasted', /no entry 9/],
    ['timeline redact 2 the password is abc123 really', /reason holds words of the entry/],
    ['timeline redact 3 pasted', /Entry 3 \(severity\) holds nothing that anybody wrote/],
  ])('%s is refused, and nothing is erased', async (line, answer) => {
    await say('note the password is abc123');
    await say('severity sev1');
    expect(await say(line, dba)).toMatch(answer);
    expect((await entries())[1]?.text).toBe('the password is abc123');
  });

  it('twice is refused; a correction is redacted with its entry', async () => {
    await say('note the password is abc123');
    await say('timeline edit 2 the password was abc123');
    await say('timeline strike 2 not wanted here');
    expect(await say('timeline redact 3 pasted', dba)).toContain('Entries 2, 3 redacted');
    expect(await say('timeline redact 2 pasted', dba)).toMatch(/were erased/);
    expect((await entries())[3]?.text).toBe('not wanted here');
    expect(await say('timeline')).toContain('~_erased by');
  });

  it('a click brings its whole message: of those that are done nothing is kept', async () => {
    await say(`impact the page shows ${SECRET} to all`);
    const payload = {
      type: 'block_actions',
      message: { blocks: [{ text: `impact: the page` }, { text: SECRET }] },
    };
    await receive(it1.store, { key: 'click:1', kind: 'click', payload, receivedAt: it1.app.now() });
    await settle(it1.store, 'click:1', 'done', it1.app.now());
    await redact();
    await nothingIsLeft();
  });

  it('changes what the bot said, in the lane in which it was said, and draws anew what is kept current', async () => {
    await say(`update we now use ${SECRET} there`);
    await it1.store.query(`update outbox set state = 'sent' where effect ->> 'kind' = 'say'`);
    const { rows: said } = await it1.store.query<{ effect_id: string; lane: string }>(
      `select effect_id, lane from outbox where effect ->> 'kind' = 'say' and effect ->> 'text' like '%we now use%' order by id`,
    );
    expect(await redact()).toContain('is being changed: 2 messages');
    const { rows } = await it1.store.query<{ effect: Record<string, unknown>; lane: string }>(
      `select effect, lane from outbox where effect ->> 'kind' = 'amend' order by id`,
    );
    expect(rows.map(({ effect, lane }) => ({ effect_id: effect['said'], lane }))).toEqual(said);
    expect(rows[0]?.effect['text']).toContain(`*Update* by <@${oncall}>: [redacted]`);
    expect((await it1.app.incident(1))?.lastUpdate?.text).toBe('[redacted]');
    const { rows: drawn } = await it1.store.query(
      `select from outbox where effect -> 'subject' ->> 'kind' = 'card' and state = 'pending'`,
    );
    expect(drawn.length).toBeGreaterThan(0);
  });

  it.each([
    ['plain', 'the password of the shop is what it always was, '.repeat(834)],
    ['a table', '| orders \\| a | 12 ms '.repeat(1820)],
    ['one word', 'xy'.repeat(20_000)],
  ])('a text as long as Slack takes is erased as any other: %s', async (_what, text) => {
    await it1.app.act(1, { kind: 'note', by: oncall, text }, {});
    expect(await placesOf(it1.store, text.trim())).toEqual(['timeline_contents.content']);
    expect(await say('timeline redact 2 a pasted log', dba)).toContain('Entry 2 redacted');
    expect(await placesOf(it1.store, text.trim().slice(-200))).toEqual([]);
  });

  it('takes of a longer text no word of every day: neither elsewhere nor from titles', async () => {
    await say('declare --anyway sev3 production is slow');
    await say('note inc-2 rollback of production was at 10:00');
    await say('summary inc-2 rollback');
    await say('note inc-2 production');
    await say('cause inc-2 order_status on localhost');
    await say('impact order_status');
    const before = (await it1.app.record(2))?.timeline;
    await it1.app.act(1, {
      kind: 'note',
      by: oncall,
      text: 'production\nrollback\norder_status\nselect 1\nlocalhost\nPASSWORD: Tr0ub4dor-x',
    });
    expect(await say(`timeline redact ${await numberOf('Tr0ub4dor')} pasted`, dba)).not.toContain(
      'other incidents',
    );
    expect((await it1.app.record(2))?.timeline).toEqual(before);
    expect(await it1.app.incident(2)).toMatchObject({
      title: 'production is slow',
      accounts: { summary: 'rollback', cause: 'order_status on localhost' },
    });
    expect((await it1.app.incident(1))?.accounts).toMatchObject({ impact: 'order_status' });
    expect(await placesOf(it1.store, 'Tr0ub4dor')).toEqual([]);
  });

  it('one ordinary word that was all of it is left in other incidents', async () => {
    await say('declare --anyway sev3 production');
    await say('note inc-2 production');
    await say('note production');
    expect(await say('timeline redact 2 not meant', dba)).not.toContain('other incidents');
    expect((await it1.app.record(2))?.timeline.map(({ text }) => text)).toContain('production');
    expect((await it1.app.incident(2))?.title).toBe('production');
    expect((await entries())[1]).not.toHaveProperty('text');
  });

  it('takes a secret out of other sentences too, and says in how many places of other incidents', async () => {
    await say('declare --anyway sev3 login with Tr0ub4dor-x9Q fails');
    await say('impact inc-2 who uses Tr0ub4dor-x9Q cannot log in');
    await say('note the password=Tr0ub4dor-x9Q of the shop');
    const answer = await say('timeline redact 2 pasted', dba);
    const [, places] = /also in (\d+) places of other incidents/.exec(answer) ?? [];
    expect(Number(places)).toBeGreaterThanOrEqual(2);
    expect((await it1.app.incident(2))?.accounts.impact).toBe('who uses [redacted] cannot log in');
    expect((await it1.app.incident(2))?.title).toBe('login with [redacted] fails');
    expect(await placesOf(it1.store, 'Tr0ub4dor')).toEqual([]);
    expect(await placesOf(it1.store, 'tr0ub4dor')).toEqual([]);
  });

  it('takes it out of an earlier title, and out of the name that the channel had', async () => {
    await say('declare --anyway sev3 login with Tr0ub4dor-x9Q fails');
    await say('rename inc-2 login fails');
    await say('note the password=Tr0ub4dor-x9Q of the shop');
    await say('timeline redact 2 pasted', dba);
    expect((await it1.app.incident(2))?.title).toBe('login fails');
    expect(await placesOf(it1.store, 'Tr0ub4dor')).toEqual([]);
    expect(await placesOf(it1.store, 'tr0ub4dor')).toEqual([]);
  });

  it.each(['strike', 'restore'])('why somebody did %s goes alone; the entry stays', async (what) => {
    await say('note the deploy was at 14:05');
    if (what === 'restore') await say('timeline strike 2');
    await say(`timeline ${what} 2 the password is ${SECRET}`);
    const seq = await numberOf(SECRET);
    expect(await say(`timeline redact ${seq} pasted`, dba)).toContain(`Entry ${seq} redacted`);
    const [, , ...rest] = await entries();
    expect((await entries())[1]?.text).toBe('the deploy was at 14:05');
    expect(rest.find((each) => each.seq === seq)?.details).toEqual({
      of: 2,
      what: what === 'strike' ? 'struck' : 'restored',
    });
    await nothingIsLeft();
  });

  it.each(['hunter2-Xyz9 was pasted', 'jane.doe asked for it', 'the log of JANE.DOE', 'Xyz hunter2-Xyz9'])(
    'a reason that tells what is erased is refused: %s',
    async (reason) => {
      await say('note log in as jane.doe with hunter2-Xyz9');
      expect(await say(`timeline redact 2 ${reason}`, dba)).toMatch(/reason holds words of the entry/);
      expect((await entries())[1]?.text).toContain('jane.doe');
    },
  );

  it('a reason that tells something can be erased too, and the chain still says by whom', async () => {
    await say('note log in as jane.doe');
    await say('timeline redact 2 the card 4242-4242 of a customer', dba);
    const seq = await numberOf('4242');
    expect(await say(`timeline redact ${seq} a number`, dba)).toContain(`Entry ${seq} redacted`);
    expect(await placesOf(it1.store, '4242')).toEqual([]);
    expect((await entries())[1]?.erased).toMatchObject({ by: dba, reason: '[redacted]' });
    expect((await entries()).at(-1)).toMatchObject({
      text: `Entry ${seq} was redacted by <@${dba}>: a number`,
      details: { redacted: [seq, 2] },
    });
    expect(verifyChain(await loadChain(it1.store, 1))).toMatchObject({ ok: true });
    const change = it1.store.query(`update timeline_contents set erased_reason = 'mine' where seq = 2`);
    await expect(change).rejects.toThrow('can be erased, not changed');
  });

  it('names the issue that was made of an action item', async () => {
    await say(`action change ${SECRET} everywhere`);
    const url = 'https://github.com/o/r/issues/7';
    await it1.store.query('update action_items set issue = $1', [JSON.stringify({ number: 7, url })]);
    expect(await redact()).toContain(`They are also in ${url}: edit what it says there.`);
  });

  it('knows of files and canvases when the outbox has forgotten them', async () => {
    await say(`note the password is ${SECRET}`);
    await say('postmortem');
    await it1.store.query('delete from outbox');
    await it1.store.query(`insert into live_messages (slot, channel_id, ts) values ('canvas:1', $1, 'F1')`, [
      CHANNEL,
    ]);
    expect(await redact()).toContain('postmortem-inc-1.md');
    const { rows } = await it1.store.query(`select from outbox where effect ->> 'kind' = 'canvas'`);
    expect(rows).toHaveLength(1);
  });

  it('writes the canvas anew of an incident of which only a part of the report held the words', async () => {
    await say('declare --anyway sev3 another thing altogether');
    await say(`postmortem inc-2 write scope all with Tr0ub4dor-x9Q`);
    await it1.store.query(`insert into live_messages (slot, channel_id, ts) values ('canvas:2', 'C2', 'F2')`);
    await say('note the password is Tr0ub4dor-x9Q');
    await redact('Tr0ub4dor');
    expect(await placesOf(it1.store, 'Tr0ub4dor')).toEqual([]);
    const { rows } = await it1.store.query(
      `select from outbox where effect ->> 'kind' = 'canvas' and effect ->> 'incident' = '2'`,
    );
    expect(rows).toHaveLength(1);
  });

  it('of a private incident only the count is told, not its files', async () => {
    await say('declare --anyway sev3 another thing altogether');
    await say('note inc-2 the password is Tr0ub4dor-x9Q');
    await say('postmortem inc-2');
    await it1.store.query(`update outbox set state = 'sent' where effect ->> 'kind' = 'file'`);
    await say('note the password is Tr0ub4dor-x9Q');
    await it1.store.query('update incidents set private = true where id = 2');
    const answer = await say('timeline redact 2 pasted', dba);
    expect(answer).toContain('of other incidents');
    expect(answer).not.toContain('inc-2');
    expect(await placesOf(it1.store, 'Tr0ub4dor')).toEqual([]);
  });

  it('the log says nothing of it', async () => {
    const stream = new PassThrough();
    const log = createLogger({ level: 'debug', destination: stream });
    const error = await it1.store
      .query(`update timeline_contents set content = $1 where seq = 1`, [JSON.stringify({ text: SECRET })])
      .catch((thrown: unknown) => thrown);
    log.error({ err: error }, 'work failed');
    const json = await it1.store
      .query(`select $1::jsonb`, [`{"text": hunter2-in-broken-json}`])
      .catch((thrown: unknown) => thrown);
    log.error({ err: json }, 'work failed');
    expect(String(stream.read() as Buffer)).not.toMatch(/hunter2/);
  });
});
