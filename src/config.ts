/** The only reader of process.env and of firebreak.yml; every problem is reported at once. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { alertMistakes, alertsOf } from './config-alerts.ts';
import { ConfigFile, type SeverityFile, type TargetFile } from './config-file.ts';
import { type HttpConfig, httpOf, missingTokens } from './config-http.ts';
import { monitorMistakes, monitorsOf } from './config-monitors.ts';
import { secretsOf } from './config-secrets.ts';
import { missingPaging, pagingOf, teamMistakes, teamsOf } from './config-teams.ts';
import { missingTracker, trackerNameOf, trackerOf } from './config-tracker.ts';
import { COMMANDER, DEFAULT_ROLES, DEFAULT_SEVERITIES, type SeveritySpec } from './domain/policy.ts';
import type { Settings } from './domain/settings.ts';
import type { TargetSettings } from './domain/target-settings.ts';
import { FirebreakError } from './errors.ts';
import { LOG_LEVELS, type LogLevel } from './log.ts';
import type { MonitorSettings } from './monitors/contract.ts';
import type { PagingConfig } from './paging/paging-config.ts';
import type { SlackLink } from './slack/link.ts';
import type { TrackerConfig } from './trackers/tracker-config.ts';
import { RUNBOOKS } from './version.ts';
import { type Mistake, readYaml } from './yaml.ts';

export interface Config {
  readonly settings: Settings;
  readonly monitors: readonly MonitorSettings[];
  readonly slack: { readonly botToken: string; readonly link: SlackLink; readonly apiUrl?: string };
  readonly paging: PagingConfig;
  /** Undefined: action items stay here. */
  readonly tracker?: TrackerConfig;
  readonly http: HttpConfig;
  /** Undefined: Firebreak starts its own PostgreSQL in `dataDir`. */
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** Folders of runbooks; a later one goes before. */
  readonly runbooks: readonly string[];
  /** The values of all secrets above: for the log, which takes them out. */
  readonly secrets: readonly string[];
}

export type Env = Readonly<Record<string, string | undefined>>;

/** What `firebreak start` needs. Throws CONFIG_WRONG with every problem in its message. */
export function loadConfig(file: string, env: Env = process.env): Config {
  const { problems, config } = lookAtConfig(file, env);
  if (config && problems.length === 0) return config;
  throw new FirebreakError('CONFIG_WRONG', { problems: problems.join('\n  ') });
}

export interface ConfigLook {
  /** Empty: it is as it has to be. */
  readonly problems: readonly string[];
  /** What the environment alone says; a token that is none is empty. */
  readonly outside: Pick<Config, 'slack' | 'databaseUrl' | 'dataDir' | 'logLevel'>;
  /** All that can be used in spite of the problems; undefined when the form of the file is wrong. */
  readonly config?: Config;
}

/** Every problem at once, and as much of the configuration as there is all the same: for `firebreak doctor`. */
export function lookAtConfig(file: string, env: Env = process.env): ConfigLook {
  const problems: string[] = [];
  const read = readFile(file, problems, (it) => [
    ...monitorMistakes(it),
    ...strayRehearsals(it),
    ...missingUrls(it.targets, env),
    ...missingSecrets(it, env),
    ...missingTokens(it, env),
    ...teamMistakes(it),
    ...policyMistakes(it),
    ...alertMistakes(it),
    ...missingPaging(it, env),
    ...missingTracker(it, env),
  ]);
  // What only contradicts itself, or misses a variable, can still be looked at.
  const form = read ?? (existsSync(file) ? readFile(file, [], () => []) : undefined);
  const outside = outsideOf(env, form?.slack.mode ?? 'socket', problems);
  return { problems, outside, ...(form ? { config: { ...outside, ...configOf(form, file, env) } } : {}) };
}

function outsideOf(env: Env, mode: SlackLink['kind'], problems: string[]): ConfigLook['outside'] {
  const secret: Secret = (variable, prefix, what) => {
    const value = env[variable] ?? '';
    if (value !== '' && value.startsWith(prefix)) return value;
    // Never the token itself: it would end in a log.
    const found = value === '' ? 'not set' : `found ${value.slice(0, 4)}…`;
    problems.push(`environment ${variable}: ${found}, expected ${what}`);
    return '';
  };
  const botToken = secret(
    'SLACK_BOT_TOKEN',
    'xoxb-',
    'the bot token (xoxb-…) from "OAuth & Permissions" of the Slack app',
  );
  const link = linkOf(mode, secret);
  const { SLACK_API_URL: apiUrl, DATABASE_URL: databaseUrl } = env;
  return {
    slack: { botToken, link, ...(apiUrl ? { apiUrl } : {}) },
    ...(databaseUrl ? { databaseUrl } : {}),
    dataDir: dataDirOf(env),
    logLevel: logLevelOf(env, problems),
  };
}

function configOf(read: ConfigFile, file: string, env: Env): Omit<Config, keyof ConfigLook['outside']> {
  const tracker = trackerOf(read, env);
  return {
    settings: settingsOf(read, env),
    monitors: monitorsOf(read),
    paging: pagingOf(read, env),
    ...(tracker ? { tracker } : {}),
    http: httpOf(read, env),
    runbooks: runbookFolders(file),
    secrets: secretsOf(read, env),
  };
}

type Secret = (variable: string, prefix: string, what: string) => string;

const linkOf = (mode: SlackLink['kind'], secret: Secret): SlackLink =>
  mode === 'http'
    ? { kind: 'http', signingSecret: secret('SLACK_SIGNING_SECRET', '', SIGNING_SECRET) }
    : { kind: 'socket', appToken: secret('SLACK_APP_TOKEN', 'xapp-', APP_TOKEN) };

const SIGNING_SECRET = 'the signing secret from "Basic Information" of the Slack app';
const APP_TOKEN = 'an app-level token (xapp-…) with connections:write from "Basic Information"';

/** The token that reads an app's manifest: only `doctor` uses it, since it is one of a person and short-lived. */
export const configTokenIn = (env: Env = process.env): string | undefined =>
  env['SLACK_CONFIG_TOKEN'] || undefined;

/** The settings alone, for a terminal: it asks nobody and opens no target, so neither tokens, keys nor URLs are missed. */
export function loadSettings(file: string, env: Env = process.env): Settings {
  const problems: string[] = [];
  const read = readFile(file, problems, (it) => [
    ...monitorMistakes(it),
    ...strayRehearsals(it),
    ...teamMistakes(it),
    ...policyMistakes(it),
    ...alertMistakes(it),
  ]);
  return settingsOf(soundOr(read, problems), env);
}

/** The targets' names, for a terminal that may know the only one; none where there is no configuration. */
export const targetNames = (file: string): readonly string[] =>
  existsSync(file) ? Object.keys(loadSettings(file).targets) : [];

/** One target, for commands that need no Slack. */
export function loadTarget(file: string, target: string, env: Env = process.env): TargetSettings {
  const problems: string[] = [];
  const read = readFile(file, problems, ({ targets }) => {
    const own = Object.fromEntries(Object.entries(targets).filter(([name]) => name === target));
    return [...missingUrls(own, env), ...strayRehearsals({ targets })];
  });
  const { targets } = soundOr(read, problems);
  const found = targets[target];
  if (found) return targetOf(target, found, env);
  const known = Object.keys(targets).join(', ') || 'none';
  throw new FirebreakError('UNKNOWN_TARGET', { found: target, known });
}

/** Whether a configuration has a target of that name, and the environment the URLs of its roles. */
export function canReach(file: string, target: string, env: Env = process.env): boolean {
  const found = readFile(file, [], () => [])?.targets[target];
  return found !== undefined && missingUrls({ [target]: found }, env).length === 0;
}

/** The shipped runbooks, and after them those beside the configuration. */
export function runbookFolders(file: string): readonly string[] {
  const own = join(dirname(resolve(file)), 'runbooks');
  return own !== RUNBOOKS && existsSync(own) ? [RUNBOOKS, own] : [RUNBOOKS];
}

/** Root's default is a folder the unprivileged server can reach. */
export const dataDirOf = (env: Env = process.env): string =>
  env['FIREBREAK_DATA_DIR'] ??
  (process.getuid?.() === 0 ? '/var/lib/firebreak' : join(process.cwd(), '.firebreak'));

/** `info` unless LOG_LEVEL names another. */
export function logLevelOf(env: Env = process.env, problems: string[] = []): LogLevel {
  const found = env['LOG_LEVEL'] ?? 'info';
  const level = LOG_LEVELS.find((each) => each === found);
  if (level === undefined)
    problems.push(`environment LOG_LEVEL: found ${found}, expected one of ${LOG_LEVELS.join(', ')}`);
  return level ?? 'info';
}

/** The URL of a database, in the environment variable that a person names. Throws URL_ENV_EMPTY. */
export function urlIn(variable: string, env: Env = process.env): string {
  const url = env[variable];
  if (!url) throw new FirebreakError('URL_ENV_EMPTY', { found: variable });
  return url;
}

/** The bot that a terminal elsewhere, such as CI, sends to. Throws CAPTURE_NOWHERE. */
export function botAddress(env: Env = process.env): { readonly url: string; readonly token: string } {
  const { FIREBREAK_URL: url, FIREBREAK_TOKEN: token } = env;
  if (!url || !token) throw new FirebreakError('CAPTURE_NOWHERE', {});
  return { url, token };
}

function readFile(
  file: string,
  problems: string[],
  more: (read: ConfigFile) => readonly Mistake[],
): ConfigFile | undefined {
  if (!existsSync(file)) {
    problems.push(`${file}: not found, expected the configuration; start from firebreak.example.yml`);
    return undefined;
  }
  const read = readYaml(file, readFileSync(file, 'utf8'), ConfigFile, more);
  if (read.ok) return read.value;
  problems.push(...read.problems);
  return undefined;
}

function soundOr(read: ConfigFile | undefined, problems: readonly string[]): ConfigFile {
  if (read && problems.length === 0) return read;
  throw new FirebreakError('CONFIG_WRONG', { problems: problems.join('\n  ') });
}

/** Without a commander nobody can lead; a service whose team is not there pages nobody. */
function policyMistakes({ roles, severities, services, teams }: ConfigFile): readonly Mistake[] {
  const unled = roles !== undefined && !(COMMANDER in roles);
  const none = severities !== undefined && Object.keys(severities).length === 0;
  const known = Object.keys(teams);
  return [
    ...(unled
      ? [
          {
            path: ['roles'],
            found: Object.keys(roles).join(', ') || 'no role',
            expected: `a role ${COMMANDER} among them`,
          },
        ]
      : []),
    ...(none
      ? [{ path: ['severities'], found: 'none', expected: 'at least one severity, the worst first' }]
      : []),
    ...Object.entries(services).flatMap(([service, { team }]) =>
      team === undefined || known.includes(team)
        ? []
        : [
            {
              path: ['services', service, 'team'],
              found: team,
              expected: `one of ${known.join(', ') || '(no teams)'}`,
            },
          ],
    ),
  ];
}

/** What is tried out on the target itself would be no rehearsal. */
function strayRehearsals({ targets }: Pick<ConfigFile, 'targets'>): readonly Mistake[] {
  return Object.entries(targets).flatMap(([target, { rehearsal }]): readonly Mistake[] => {
    const others = Object.keys(targets).filter((name) => name !== target);
    if (rehearsal === undefined || others.includes(rehearsal)) return [];
    const expected = `another target: ${others.join(', ') || '(there is no other)'}`;
    return [{ path: ['targets', target, 'rehearsal'], found: rehearsal, expected }];
  });
}

const ROLES = ['diag', 'act', 'ddl'] as const;

/** URLs that targets name and the environment lacks. */
const missingUrls = (targets: ConfigFile['targets'], env: Env): readonly Mistake[] =>
  Object.entries(targets).flatMap(([target, given]) =>
    ROLES.flatMap((role): readonly Mistake[] => {
      const variable = given[`${role}_url_env`];
      if (variable === undefined || env[variable]) return [];
      const expected = `the URL of its ${role} role in it: environment variable ${variable} is not set`;
      return [{ path: ['targets', target, `${role}_url_env`], found: variable, expected }];
    }),
  );

const missingSecrets = ({ secrets }: ConfigFile, env: Env): readonly Mistake[] =>
  secrets.flatMap((secret, index) =>
    env[secret]
      ? []
      : [
          {
            path: ['secrets', index],
            found: secret,
            expected: `a secret in it: environment variable ${secret} is not set`,
          },
        ],
  );

function targetOf(name: string, given: TargetFile, env: Env): TargetSettings {
  const [diag, act, ddl] = ROLES.map((role) => env[given[`${role}_url_env`] ?? '']);
  return {
    name,
    urls: { diag: diag ?? '', ...(act ? { act } : {}), ...(ddl ? { ddl } : {}) },
    tool: given.tool,
    ...(given.history ? { history: given.history } : {}),
    probes: given.probes,
    services: given.services,
    snapshot: {
      maxLockSeconds: given.snapshot.max_lock_s,
      maxBytes: given.snapshot.max_bytes,
      ...(given.snapshot.free_disk === undefined ? {} : { freeDisk: given.snapshot.free_disk }),
    },
    guard: { undo: given.guard.undo, windowSeconds: given.guard.window_s },
    sources: given.sources,
    ...(given.rehearsal === undefined ? {} : { rehearsal: given.rehearsal }),
  };
}

const settingsOf = (read: ConfigFile, env: Env): Settings => ({
  command: read.slack.command,
  timezone: read.timezone,
  incidentsChannel: read.slack.incidents_channel,
  permissions: {
    declare: read.permissions.declare,
    respond: read.permissions.respond,
    dangerous: read.permissions.dangerous,
    approve: read.permissions.approve,
    breakGlass: read.permissions.break_glass,
    redact: read.permissions.redact,
    private: read.permissions.private,
  },
  teams: teamsOf(read),
  phones: read.phones,
  ...policyOf(read),
  services: Object.fromEntries(
    Object.entries(read.services).map(([service, { team, repo, links }]) => [
      service,
      { links, ...(team === undefined ? {} : { team }), ...(repo === undefined ? {} : { repo }) },
    ]),
  ),
  targets: Object.fromEntries(
    Object.entries(read.targets).map(([target, given]) => [target, targetOf(target, given, env)]),
  ),
  breaker: { dangerousPerHour: read.breaker.dangerous_per_hour },
  alerts: alertsOf(read),
  programs: read.shell.allow,
  secrets: Object.fromEntries(read.secrets.map((secret) => [secret, env[secret] ?? ''])),
});

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const MEGABYTE = 1024 * 1024;

/** What is not configured is as PagerDuty's guide has it; what is, replaces it whole. */
function policyOf(
  read: ConfigFile,
): Pick<Settings, 'severities' | 'roles' | 'reminders' | 'stakeholderChannel' | 'capture' | 'tracker'> {
  const { severities, roles, reminders, capture, retention } = read;
  const { stakeholder_channel: stakeholderChannel } = read.slack;
  const tracker = trackerNameOf(read);
  return {
    severities: severities ? Object.entries(severities).map(severityOf) : DEFAULT_SEVERITIES,
    roles: roles
      ? Object.entries(roles).map(([role, { title, duties }]) => ({ name: role, title, duties }))
      : DEFAULT_ROLES,
    reminders: { unclaimedAfter: reminders.unclaimed_min * MINUTE },
    capture: {
      emoji: capture.emoji,
      maxImageBytes: capture.max_image_mb * MEGABYTE,
      messagesDays: retention.messages_days,
    },
    ...(stakeholderChannel === undefined ? {} : { stakeholderChannel }),
    ...(tracker === undefined ? {} : { tracker }),
  };
}

const severityOf = ([name, given]: [string, SeverityFile]): SeveritySpec => ({
  name,
  meaning: given.meaning,
  ...(given.update_min === undefined ? {} : { updateEvery: given.update_min * MINUTE }),
  ...(given.stale_min === undefined ? {} : { staleAfter: given.stale_min * MINUTE }),
  ...(given.postmortem_days === undefined ? {} : { postmortemWithin: given.postmortem_days * DAY }),
});
