import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { examine } from '../../src/doctor/doctor.ts';
import { examineSlackApp } from '../../src/doctor/slack-app.ts';
import { asking } from '../../src/doctor/slack-errors.ts';
import { examineSlackEvents } from '../../src/doctor/slack-events.ts';
import { consult } from '../../src/slack/consultation.ts';
import { probeSocket } from '../../src/slack/probe-socket.ts';
import { approvedBy, lines, notWell, openWard, teamOf, type Ward } from './support.ts';

describe('the doctor of a Slack app that was set up right', () => {
  let ward: Ward;
  beforeAll(async () => {
    ward = await openWard();
  });
  afterAll(() => ward.close());
  const permitted = (approve: readonly string[]) => ({ permissions: approvedBy(approve) });

  it('is content', async () => {
    const findings = await examine(ward.patient());
    expect(notWell(findings)).toEqual([]);
    expect(lines(findings, 'slack bot token')).toMatchObject([
      { found: 'firebreak in the workspace Sandbox.' },
    ]);
    expect(lines(findings, 'slack socket')).toMatchObject([
      { found: 'Slack greets it; it was closed again.' },
    ]);
  });

  it('leaves no connection open, and posts nothing', async () => {
    await examine(ward.patient());
    const calls = (await ward.control('GET', 'calls')) as { method: string }[];
    const asked = new Set(calls.map(({ method }) => method));
    expect([...asked].filter((method) => /post|create|join|open$/i.test(method))).toEqual([
      'apps.connections.open',
    ]);
    const alone = await probeSocket(await ticket(ward));
    expect(alone).toMatchObject({ kind: 'hello', connections: 1 });
  });

  it('tells of tokens that are refused, that are of another app, or not there', async () => {
    const refused = await examine(ward.patient({ slack: { botToken: 'xoxb-wrong' } }));
    expect(lines(refused, 'slack bot token')).toMatchObject([
      { status: 'fail', found: 'Slack refuses the token in SLACK_BOT_TOKEN: invalid_auth.' },
    ]);
    expect(lines(refused, 'people')).toEqual([]);
    const appToken = 'xapp-1-A0ANOTHER-1-secret';
    const other = await examine(ward.patient({ slack: { link: { kind: 'socket', appToken } } }));
    expect(notWell(other)).toContain('fail slack app');
    expect(notWell(other)).toContain('fail slack app token');
    expect(JSON.stringify(other)).not.toContain('xapp-1-A0ANOTHER');
    const none = await examine(
      ward.patient({ slack: { botToken: '', link: { kind: 'socket', appToken: '' } } }),
    );
    expect(notWell(none)).toEqual(['skipped slack bot token', 'skipped slack app token']);
  });

  it('tells of a connection of another program', async () => {
    const other = new WebSocket(await ticket(ward));
    await once(other, 'message');
    const findings = await examine(ward.patient());
    expect(lines(findings, 'slack socket')).toMatchObject([{ status: 'warn' }]);
    other.close();
    await once(other, 'close');
  });

  it('tells of a Slack that does not answer, and of one that asks to wait', async () => {
    const gone = await openWard();
    await gone.close();
    const away = await examine(ward.patient({ slack: { apiUrl: `${gone.slack.url}/api/` } }));
    expect(lines(away, 'slack bot token')).toMatchObject([
      { status: 'fail', found: expect.stringContaining('ECONNREFUSED') as string },
    ]);
    await ward.control('POST', 'faults', {
      method: 'users.info',
      kind: 'ratelimit',
      effect: 'before',
      times: 1,
      retry_after: 30,
    });
    const approve = [ward.slack.users['oncall'] ?? '', 'U0NOBODY'];
    const busy = lines(await examine(ward.patient({ settings: permitted(approve) })), 'people');
    expect(busy.map(({ status }) => status).sort()).toEqual(['fail', 'skipped']);
  });

  it.each([
    [2000, 'warn'],
    [-2000, 'warn'],
    [120_000, 'fail'],
  ])('tells of a clock that is %i ms off', async (off, status) => {
    const now = (): Date => new Date(Date.now() + off);
    const findings = await examine(ward.patient(), { now });
    expect(lines(findings, 'slack clock')).toMatchObject([{ status }]);
  });

  it('tells of channels that the bot is not in, that are archived, or that are not there', async () => {
    const { id } = (await ward.control('POST', 'channels', { user: 'oncall', name: 'ops' })) as {
      id: string;
    };
    const at = async (incidentsChannel: string) =>
      lines(await examine(ward.patient({ settings: { incidentsChannel } })), 'incidents channel')[0];
    expect(await at(id)).toMatchObject({ status: 'fail', fix: 'Type /invite @firebreak in #ops.' });
    await ward.control('PATCH', 'channels', { user: 'oncall', channel: 'ops', archived: true });
    expect(await at(id)).toMatchObject({ status: 'fail', found: '#ops is archived.' });
    expect(await at('C0NOWHERE')).toMatchObject({ status: 'fail' });
  });

  it('tells of people who are no full members, and where they are named', async () => {
    const ids: string[] = [];
    for (const person of [
      { name: 'gone', deactivated: true },
      { name: 'visitor', kind: 'guest' },
      { name: 'neighbour', kind: 'foreign' },
    ]) {
      ids.push(((await ward.control('POST', 'users', person)) as { id: string }).id);
    }
    const approve = [...ids, 'U0NOBODY'];
    const found = lines(await examine(ward.patient({ settings: permitted(approve) })), 'people');
    expect(found.map((each) => each.found)).toEqual([
      `${ids[0]} is deactivated; named in permissions.approve.`,
      `${ids[1]} is a guest, who may only read; named in permissions.approve.`,
      `${ids[2]} belongs to another workspace, and may only read; named in permissions.approve.`,
      'U0NOBODY is nobody in this workspace; named in permissions.approve.',
    ]);
  });

  it('tells of user groups that are empty, disabled or unknown', async () => {
    const make = async (handle: string) =>
      ((await ward.control('POST', 'usergroups', { name: handle, handle, users: [] })) as { id: string }).id;
    const [empty, off] = [await make('empty'), await make('off')];
    await ward.control('PATCH', 'usergroups', { handle: 'off', disabled: true });
    const approve = [empty, off, 'S0NOTHERE'];
    const found = lines(await examine(ward.patient({ settings: permitted(approve) })), 'user groups');
    expect(found.map((each) => each.status)).toEqual(['fail', 'fail', 'fail']);
    expect(found.map((each) => each.found).join(' ')).toMatch(
      /no members.*disabled.*no user group S0NOTHERE/,
    );
  });

  it('tells that nobody is on call, and that nobody may approve', async () => {
    const teams = { database: teamOf({ kind: 'group', id: 'S0NOTHERE' }) };
    const settings = { ...permitted([]), teams };
    const findings = await examine(ward.patient({ settings }));
    expect(lines(findings, 'on call')).toMatchObject([
      { status: 'fail', found: 'database, level 1: nobody is on call.' },
    ]);
    expect(lines(findings, 'approvers')).toMatchObject([{ status: 'warn' }]);
  });

  it('tells that one person alone may approve: nobody approves their own request', async () => {
    const { dba = '' } = ward.slack.users;
    const findings = await examine(ward.patient({ settings: permitted([dba, 'U0NOBODY']) }));
    expect(lines(findings, 'approvers')).toMatchObject([
      { status: 'warn', found: `Only ${dba} may approve: what they ask for themselves is never done.` },
    ]);
  });

  it('without a configuration token it judges the events by what has arrived', async () => {
    const findings = await examine(ward.patient({ slack: { configToken: undefined } }));
    expect(notWell(findings)).toEqual(['skipped slack events']);
    expect(lines(findings, 'slack events')[0]?.fix).toContain('SLACK_CONFIG_TOKEN');
  });

  it('in HTTP mode asks for no connection', async () => {
    const link = { kind: 'http', signingSecret: 'secret' } as const;
    const findings = await examine(ward.patient({ slack: { link, configToken: undefined } }));
    expect(lines(findings, 'slack socket')).toEqual([]);
    expect(lines(findings, 'slack address')).toMatchObject([{ status: 'skipped' }]);
    const at = new Date('2026-11-26T09:00:00Z');
    const client = consult(ward.slack.botToken, `${ward.slack.url}/api/`, () => new Date());
    const parts = { botToken: ward.slack.botToken, link, bot: client, atWork: undefined, now: () => at };
    const reached = await examineSlackApp({ ...parts, arrivals: { command: at } }, { inside: false });
    // It may have come by a socket, before the mode was changed.
    expect(lines(reached, 'slack address')).toMatchObject([
      { status: 'skipped', found: expect.stringContaining('the last arrived at') as string },
    ]);
  });

  it('in HTTP mode compares the manifest too, and never has one of Socket Mode pasted', async () => {
    const link = { kind: 'http', signingSecret: 'secret' } as const;
    expect(lines(await examine(ward.patient({ slack: { link } })), 'slack events')).toMatchObject([
      {
        found: 'The app lacks request URLs: Socket Mode is on.',
        fix: expect.stringContaining('npx firebreak manifest --url https://…') as string,
      },
    ]);
  });

  it('inside of the bot asks for no manifest: the token for it is one of a person', async () => {
    const findings = await examine(ward.patient(), { inside: true });
    expect(lines(findings, 'slack events')).toMatchObject([{ status: 'skipped' }]);
  });

  it('what breaks here is not told as a Slack that does not answer', async () => {
    const broken = await asking('people', () => Promise.reject(new TypeError('no such property')));
    expect(broken).toMatchObject([{ found: 'It could not be examined: no such property' }]);
  });

  it('judges the events by what has arrived, and a bot by when it heard Slack', async () => {
    const now = new Date('2026-11-26T09:00:00Z');
    const { botToken, appToken, url } = ward.slack;
    const apiUrl = `${url}/api/`;
    const bot = consult(botToken, apiUrl, () => now);
    const events = async (arrivals: Record<string, Date>) => {
      const parts = { configToken: undefined, link: { kind: 'socket', appToken }, bot, apiUrl } as const;
      return (await examineSlackEvents({ ...parts, command: '/incident', arrivals, now: () => now }))[0]
        ?.status;
    };
    expect(await events({ event: now, command: now })).toBe('ok');
    expect(await events({ command: now })).toBe('warn');
    const socket = async (heardMsAgo: number) => {
      const atWork = { running: true, heardAt: new Date(now.getTime() - heardMsAgo) };
      const link = { kind: 'socket', appToken } as const;
      const parts = { botToken, link, apiUrl, bot, atWork, arrivals: {}, now: () => now };
      return lines(await examineSlackApp(parts, { inside: false }), 'slack socket')[0]?.status;
    };
    expect(await socket(5000)).toBe('ok');
    expect(await socket(120_000)).toBe('fail');
  });
});

async function ticket({ slack }: Ward): Promise<string> {
  const headers = { authorization: `Bearer ${slack.appToken}` };
  const answer = await fetch(`${slack.url}/api/apps.connections.open`, { method: 'POST', headers });
  return ((await answer.json()) as { url: string }).url;
}

describe('the doctor of an app whose manifest is an old one', () => {
  let ward: Ward;
  beforeAll(async () => {
    ward = await openWard(({ oauth_config: { scopes }, settings, features }) => {
      scopes.bot = scopes.bot.filter((scope) => !/^(pins:read|users:read)$/.test(scope));
      const events = settings.event_subscriptions;
      events.bot_events = events.bot_events.filter((event) => event !== 'pin_added');
      features.slash_commands = [];
    });
  });
  afterAll(() => ward.close());

  it('names the scopes that were not granted, and does not ask for what they would take', async () => {
    const findings = await examine(ward.patient());
    const link = { kind: 'http', signingSecret: 'secret' } as const;
    const listening = await examine(ward.patient({ slack: { link } }));
    expect(lines(listening, 'slack scopes')[0]?.fix).toContain('manifest --url https://…');
    expect(lines(findings, 'slack scopes')).toMatchObject([
      { status: 'fail', found: expect.stringMatching(/pins:read \(see.*; users:read \(/) as string },
    ]);
    expect(lines(findings, 'people')).toMatchObject([
      { status: 'skipped', found: 'Not asked: the scope users:read is missing.' },
    ]);
  });

  it('names the events and the command that are not in it', async () => {
    const [finding] = lines(await examine(ward.patient()), 'slack events');
    expect(finding).toMatchObject({
      status: 'fail',
      found: 'The app lacks the events pin_added; the slash command /incident.',
    });
  });
});

describe('the look at a connection', () => {
  let server: WebSocketServer;
  let url: string;
  const heard: unknown[] = [];
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });
  const greetWith = (...said: readonly object[]) =>
    server.once('connection', (socket: WebSocket) => {
      socket.on('message', (message) => heard.push(message));
      for (const each of said) socket.send(JSON.stringify(each));
    });

  it('acks nothing that comes meanwhile', async () => {
    greetWith(
      { type: 'slash_commands', envelope_id: '1', payload: {} },
      { type: 'hello', num_connections: 1, connection_info: { app_id: 'A1' } },
    );
    const probe = await probeSocket(url);
    expect(probe).toEqual({ kind: 'hello', connections: 1, delivered: ['slash_commands'] });
    expect(heard).toEqual([]);
  });

  it('is told that Socket Mode is off, or nothing at all', async () => {
    greetWith({ type: 'disconnect', reason: 'link_disabled' });
    expect(await probeSocket(url)).toEqual({ kind: 'disconnect', reason: 'link_disabled' });
    expect(await probeSocket('ws://127.0.0.1:1')).toMatchObject({ kind: 'failed' });
  });
});
