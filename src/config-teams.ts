/** What firebreak.yml says about teams: its mistakes that a schema cannot see, and its meaning. */
import { type ConfigFile, levelsOf, type RotationFile, type TeamFile } from './config-file.ts';
import { type LocalTimeRead, readLocalTime } from './domain/local-time.ts';
import type { HandOff, Override, Rotation, Weekday } from './domain/rotation.ts';
import { type Level, type OnCallSource, type PageWay, readSource, type Team } from './domain/team.ts';
import type { PagingConfig, TeamPaging } from './paging/paging-config.ts';
import type { Mistake } from './yaml.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Path = Mistake['path'];

/** Mistakes within the file, whatever the environment holds. */
export const teamMistakes = (file: ConfigFile): readonly Mistake[] =>
  Object.entries(file.teams).flatMap(([name, team]) => {
    const path = ['teams', name];
    return [
      ...formMistakes(path, team),
      ...sourceMistakes(path, team, file),
      ...Object.entries(team.rotations).flatMap(([rotation, given]) =>
        overrideMistakes([...path, 'rotations', rotation, 'overrides'], given, file.timezone),
      ),
    ];
  });

/** Secrets that the file names and the environment lacks. */
export const missingPaging = (file: ConfigFile, env: Env): readonly Mistake[] => [
  ...missing(['pagerduty', 'token_env'], file.pagerduty?.token_env, 'an API token of PagerDuty', env),
  ...Object.entries(file.teams).flatMap(([team, { pagerduty, webhook }]) => {
    const path = ['teams', team];
    const key = 'the integration key (Events API v2) of a PagerDuty service';
    return [
      ...missing([...path, 'pagerduty', 'routing_key_env'], pagerduty?.routing_key_env, key, env),
      ...notUrl([...path, 'webhook', 'url_env'], webhook?.url_env, env),
      ...missing([...path, 'webhook', 'secret_env'], webhook?.secret_env, 'the secret that signs pages', env),
    ];
  }),
];

/** The teams of a file without mistakes. */
export const teamsOf = (file: ConfigFile): Readonly<Record<string, Team>> =>
  mapValues(file.teams, (team, name) => ({
    name,
    levels: levelsOf(team).map(levelOf),
    rotations: mapValues(team.rotations, (given) => rotationOf(given, file.timezone)),
    ways: WAYS.filter((way) => team[way] !== undefined),
  }));

/** The secrets that `missingPaging` did not miss. */
export function pagingOf(file: ConfigFile, env: Env): PagingConfig {
  const token = env[file.pagerduty?.token_env ?? ''];
  const withWays = Object.entries(file.teams).filter(([, { pagerduty, webhook }]) => pagerduty ?? webhook);
  return {
    teams: mapValues(Object.fromEntries(withWays), (team) => teamPagingOf(team, env)),
    ...(token ? { pagerDutyToken: token } : {}),
    apiUrls: {
      events: env['PAGERDUTY_EVENTS_URL'] || 'https://events.pagerduty.com',
      rest: env['PAGERDUTY_API_URL'] || 'https://api.pagerduty.com',
    },
  };
}

const WAYS: readonly PageWay[] = ['pagerduty', 'webhook'];

function formMistakes(path: Path, { on_call, levels }: TeamFile): readonly Mistake[] {
  if ((on_call === undefined) !== (levels === undefined)) return [];
  const found = on_call ? 'both `on_call` and `levels`' : 'neither `on_call` nor `levels`';
  return [{ path, found, expected: 'one of the two: `on_call` is the short form for one level' }];
}

const sourceMistakes = (path: Path, team: TeamFile, file: ConfigFile): readonly Mistake[] =>
  levelsOf(team).flatMap(({ on_call: words }, level) =>
    words.flatMap((word, index): readonly Mistake[] => {
      const place = [...path, ...(team.levels ? ['levels', level] : []), 'on_call', index];
      if (words.indexOf(word) < index)
        return [{ path: place, found: `${word} a second time`, expected: 'each once in a level' }];
      const expected = lackOf(readSource(word), team, file);
      return expected === undefined ? [] : [{ path: place, found: word, expected }];
    }),
  );

/** What a source needs and the file lacks, as what is expected. */
function lackOf(source: OnCallSource | undefined, team: TeamFile, file: ConfigFile): string | undefined {
  if (source?.kind === 'pagerduty' && file.pagerduty === undefined)
    return '`pagerduty: { token_env: … }` at the top of the file too: schedules are read with it';
  if (source?.kind !== 'rotation' || Object.hasOwn(team.rotations, source.name)) return undefined;
  const known = Object.keys(team.rotations).join(', ') || 'it has none';
  return `a rotation of this team (${known}), or a Slack id in capitals (U…, S…)`;
}

const overrideMistakes = (path: Path, given: RotationFile, fallback: string): readonly Mistake[] =>
  given.overrides.flatMap((override, index) => {
    const timezone = given.timezone ?? fallback;
    const [from, until] = [readLocalTime(override.from, timezone), readLocalTime(override.until, timezone)];
    const at = [...path, index];
    const unread = [
      ...timeMistakes([...at, 'from'], override.from, from, timezone),
      ...timeMistakes([...at, 'until'], override.until, until, timezone),
    ];
    if (from.kind !== 'instant' || until.kind !== 'instant' || until.at > from.at) return unread;
    return [{ path: [...at, 'until'], found: override.until, expected: `a time after ${override.from}` }];
  });

function timeMistakes(path: Path, found: string, read: LocalTimeRead, zone: string): readonly Mistake[] {
  switch (read.kind) {
    case 'instant':
      return [];
    case 'malformed':
      return [{ path, found, expected: 'a time, for example "2026-12-24 09:00" or "2026-12-24 09:00Z"' }];
    case 'skipped':
      return [{ path, found, expected: `a time that clocks show: ${zone} skips this one for summer time` }];
    case 'repeated': {
      const expected = `a time with its offset, as in "2026-12-24 09:00+01:00": ${zone} shows this one twice`;
      return [{ path, found, expected }];
    }
  }
}

const missing = (path: Path, variable: string | undefined, what: string, env: Env): readonly Mistake[] =>
  variable === undefined || env[variable]
    ? []
    : [{ path, found: variable, expected: `${what} in it: environment variable ${variable} is not set` }];

/** Never the URL itself: it may hold a secret. */
function notUrl(path: Path, variable: string | undefined, env: Env): readonly Mistake[] {
  const value = env[variable ?? ''];
  const what = 'the URL that takes pages';
  if (variable === undefined || !value) return missing(path, variable, what, env);
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return [];
  return [
    {
      path,
      found: variable,
      expected: `${what} in it: environment variable ${variable} holds no http(s) URL`,
    },
  ];
}

const levelOf = ({ on_call, wait_min }: ReturnType<typeof levelsOf>[number]): Level => ({
  onCall: on_call.map(readSource).filter((source) => source !== undefined),
  waitSeconds: wait_min * 60,
});

const rotationOf = (given: RotationFile, fallback: string): Rotation => {
  const { people, start, timezone = fallback } = given;
  const overrides = given.overrides.map((override) => overrideOf(override, timezone));
  return { people, handOff: handOffOf(given.hand_off), timezone, start, overrides };
};

function handOffOf(words: string): HandOff {
  const [weekday = '', time = ''] = words.toLowerCase().split(' ');
  return { weekday: (WEEKDAYS.indexOf(weekday) + 1) as Weekday, time };
}

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

function overrideOf({ user, from, until }: RotationFile['overrides'][number], timezone: string): Override {
  return { user, from: instantOf(from, timezone), until: instantOf(until, timezone) };
}

/** Of words that were found to be a time. */
function instantOf(words: string, timezone: string): Date {
  const read = readLocalTime(words, timezone);
  return read.kind === 'instant' ? read.at : new Date(Number.NaN);
}

function teamPagingOf({ pagerduty, webhook }: TeamFile, env: Env): TeamPaging {
  const routingKey = env[pagerduty?.routing_key_env ?? ''];
  const [url, secret] = [env[webhook?.url_env ?? ''], env[webhook?.secret_env ?? '']];
  return { ...(routingKey ? { routingKey } : {}), ...(url && secret ? { webhook: { url, secret } } : {}) };
}

const mapValues = <From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, key: string) => To,
): Readonly<Record<string, To>> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
