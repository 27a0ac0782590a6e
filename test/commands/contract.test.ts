import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command, Reply } from '../../src/app/command.ts';
import { createDispatch, type Dispatch } from '../../src/app/dispatch.ts';
import { GROUPS } from '../../src/app/groups.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { createTestApp, everybody, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const commands = await loadCommands();
const words = commands.flatMap(({ verb, aliases = [] }) => [verb, ...aliases]);
const examples = commands.flatMap(({ verb, examples: all }) => all.map((example) => ({ verb, example })));
const shop: TargetSettings = {
  name: 'shop',
  urls: { diag: 'postgresql://127.0.0.1:1/shop' },
  tool: 'node-pg-migrate',
  probes: [],
  services: [],
  snapshot: { maxLockSeconds: 5 },
  sources: {},
};

describe('every verb', () => {
  it('is a file of its name, and every file is a verb', async () => {
    const files = (await readdir(join(PACKAGE_ROOT, 'commands'))).filter((file) => file.endsWith('.ts'));
    expect(commands.map(({ verb }) => `${verb}.ts`)).toEqual(files.map((file) => basename(file)).sort());
  });

  it('and every alias names one verb only', () => {
    expect(words).toEqual([...new Set(words)]);
    // A line is split at blanks, and its verb read in lower case.
    for (const word of words) expect(word).toMatch(/^[a-z?]+(?:-[a-z]+)*$/);
  });

  it.each([...commands])('$verb shows how it is typed', ({ verb, group, usage, summary, examples: all }) => {
    expect(Object.keys(GROUPS)).toContain(group);
    expect(usage.split(' ')[0]).toBe(verb);
    expect(all.length).toBeGreaterThan(0);
    for (const example of all) expect(example.split(' ')[0]).toBe(verb);
    expect(summary).toMatch(/^[a-z][^\n]*[^.\s]$/);
  });
});

describe('every example', () => {
  let world: TestApp;
  let dispatch: Dispatch;
  let ran: Pick<Command, 'verb'>[];
  beforeAll(async () => {
    const permissions = { ...testSettings().permissions, redact: [PEOPLE.oncall] };
    const services = { 'order-status': { links: {} } };
    // So that each incident of the examples has a proposal of its own, though they share a target.
    const rules = [{ match: { source: ['monitor'] }, do: 'propose' as const }];
    const alerts = { rules, silences: [], proposalsPerHour: 1000 };
    world = await createTestApp({
      settings: testSettings({ targets: { shop }, permissions, services, alerts }),
    });
    // Late in the day: the examples name hours that are over.
    world.at(new Date('2026-06-03T18:00:00Z'));
    dispatch = createDispatch({
      app: world.app,
      directory: everybody,
      commands: commands.map((command) => ({
        ...command,
        run: (request, app) => {
          ran.push({ verb: command.verb });
          return command.run(request, app);
        },
      })),
    });
    for (let count = 0; count < 3; count += 1) await incident();
    await pagedTo(PEOPLE.oncall)('C1');
  });
  beforeEach(() => {
    ran = [];
  });
  afterEach(() => world.store.query('update runs set ended_at = now(), due_at = null'));
  afterAll(() => world.close());

  const ask = (text: string, channelId?: string): Promise<Reply> =>
    dispatch({
      text,
      actor: PEOPLE.oncall,
      receivedAt: world.app.now(),
      ...(channelId ? { channelId } : {}),
    });
  const say = async (text: string, channelId?: string): Promise<string> => (await ask(text, channelId)).text;
  let sightings = 0;
  /** A new incident with one action item, which took over what a monitor saw; answers its channel. */
  async function incident(): Promise<string> {
    await world.app.propose({
      monitor: `order-status-${(sightings += 1)}`,
      target: 'shop',
      error: 'column does not exist',
      relations: ['order_status'],
      migration: { name: '1717408740000_order-status-cleanup' },
      firstFailedAt: new Date(world.app.now().getTime() - sightings * 1000),
    });
    const wish = { by: PEOPLE.oncall, title: 'it is down', severity: 'sev3', anyway: true };
    const declared = await world.app.declare(wish);
    if (!declared.ok) throw new Error(declared.code);
    const { id } = declared.incident;
    const item = { kind: 'add-action', by: PEOPLE.oncall, text: 'test migrations' } as const;
    await world.app.act(id, item);
    await setChannel(world.store, id, `C${id}`);
    return `C${id}`;
  }
  function pagedTo(user: string) {
    return async (channel: string): Promise<void> => {
      const roster = { level: 1, levels: 1, waitSeconds: 300, users: [user], ways: [], problems: [] };
      const wish = { kind: 'escalate', by: PEOPLE.dba, team: 'database', roster } as const;
      await world.app.act(Number(channel.slice(1)), wish);
    };
  }
  const ended = async (channel: string): Promise<void> => {
    await world.app.act(Number(channel.slice(1)), { kind: 'resolve', by: PEOPLE.oncall });
  };

  const reminded = async (channel: string): Promise<void> => {
    world.at(new Date(world.app.now().getTime() + 600_000));
    await world.app.act(Number(channel.slice(1)), { kind: 'remind' });
  };
  /** So that nothing is open which a new one could be the same as. */
  const allOver = async (): Promise<void> => {
    await world.store.query(`update incidents set status = 'resolved'`);
  };
  /** Enough entries for the numbers of the examples. */
  async function noted(channel: string): Promise<void> {
    for (const text of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'])
      await world.app.act(Number(channel.slice(1)), { kind: 'note', by: PEOPLE.oncall, text });
  }
  /** What has to be so for a verb's examples to make sense. */
  const BEFORE: Readonly<Record<string, (channel: string) => Promise<void>>> = {
    reopen: ended,
    archive: ended,
    ack: pagedTo(PEOPLE.oncall),
    snooze: reminded,
    declare: allOver,
    drill: allOver,
    timeline: noted,
    attach: async () => {
      await world.store.query('update proposals set incident_id = null where id = 3');
      await world.store.query(`update incidents set status = 'investigating' where id = 2`);
    },
    silence: async () => {
      const wish = { by: PEOPLE.oncall, what: 'shop', seconds: 60, reason: 'a test' };
      for (let count = 0; count < 3; count += 1) await world.app.silence(wish);
    },
    // The example names the first one.
    duplicate: async () => {
      await world.store.query(`update incidents set status = 'investigating' where id = 1`);
    },
  };
  /** Examples that say too little on purpose: Slack asks in a form. */
  const ASKS: Readonly<Record<string, string>> = { declare: 'declare', escalate: 'escalate' };

  it.each(examples)('`$example` does what it says', async ({ verb, example }) => {
    const channel = await incident();
    await BEFORE[verb]?.(channel);
    const typed = example.replace(/@(\w+)/g, (name: string, who: string) =>
      who in PEOPLE
        ? `<@${PEOPLE[who as keyof typeof PEOPLE]}|${who}>`
        : name.replace('@support', `<@UHELP>`),
    );
    const answer = await ask(typed, channel);
    // No run is in doubt here.
    if (verb === 'settle' || verb === 'control' || verb === 'break-glass')
      expect(answer.text).toMatch(/There is no run|not unknown/);
    // A terminal has no form: the words say what is missing.
    else if (ASKS[example]) {
      expect(answer.form?.kind).toBe(ASKS[example]);
      expect(answer.text).toMatch(/needs a title|Which team/);
    } else {
      expect(answer.text).not.toContain(':no_entry:');
      expect(answer.refused).toBeUndefined();
    }
    expect(ran).toEqual([{ verb }]);
  });

  it.each(words)('`%s` is found in capitals too, and alone it never throws', async (word) => {
    expect(await say(word.toUpperCase(), await incident())).not.toBe('');
    expect(ran).toHaveLength(1);
  });

  it('is not needed on a phone: the overview is short, grouped, and begins with what begins an incident', async () => {
    const overview = await say('help');
    expect(overview).toMatch(/^\*Start\*\n`\/incident declare /);
    for (const heading of new Set(commands.map(({ group }) => GROUPS[group])))
      expect(overview.split(`*${heading}*\n`)).toHaveLength(2);
    expect(overview.length / commands.length).toBeLessThan(100);
  });

  it('says who may type its verb, in words', async () => {
    expect(await say('help rollback')).toContain(
      'Needs `dangerous`; who has it is set by `permissions.dangerous` in firebreak.yml.',
    );
    expect(await say('help status')).toContain(
      'Alone it only reads, and every full member may; with more it needs `respond`',
    );
    expect(await say('help catchup')).toContain('Every full member may: it only reads.');
    expect(await say('help roll back')).toBe(await say('help rollback'));
  });

  it('is in the help of its verb, and every verb in the help', async () => {
    const overview = await say('help');
    for (const { verb, usage, summary, aliases = [] } of commands) {
      expect(overview).toContain(`\`/incident ${usage}\` ${summary}`);
      const detail = await say(`help ${verb}`);
      for (const each of examples.filter((example) => example.verb === verb))
        expect(detail).toContain(`\`/incident ${each.example}\``);
      for (const alias of aliases) expect(await say(`help ${alias}`)).toBe(detail);
      expect(await say(`help ${verb.toUpperCase()}`)).toBe(detail);
    }
  });

  it('that is dangerous is known as such before it runs, also with a number', () => {
    for (const line of ['rollback', 'rollback inc-3', 'run table-repair', 'runbook table-repair'])
      expect(dispatch.isDangerous(line)).toBe(true);
    for (const line of ['', 'status', 'resolve', 'declare run', 'nonsense'])
      expect(dispatch.isDangerous(line)).toBe(false);
  });
});
