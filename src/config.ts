/** The only reader of process.env and of firebreak.yml; every problem is reported at once. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IANAZone } from 'luxon';
import { z } from 'zod';
import type { Settings } from './domain/settings.ts';
import type { TargetSettings } from './domain/target-settings.ts';
import { FirebreakError } from './errors.ts';
import { LOG_LEVELS, type LogLevel } from './log.ts';
import type { MonitorSettings } from './monitors/contract.ts';
import { readYaml } from './yaml.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'lower-case letters, digits, - and _');
const people = z.array(z.string().regex(/^[UWS][A-Z0-9]{2,}$/, 'a Slack user id (U…) or user group id (S…)'));
const envName = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable');
const table = z
  .string()
  .regex(/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$/, 'a table name, with or without its schema');
const seconds = z.number().positive();

const Target = z.strictObject({
  diag_url_env: envName,
  act_url_env: envName.optional(),
  ddl_url_env: envName.optional(),
  tool: z.enum(['node-pg-migrate']).default('node-pg-migrate'),
  history: z.strictObject({ table }).optional(),
  probes: z.array(z.strictObject({ name, sql: z.string().min(1) })).default([]),
  services: z.array(name).default([]),
  snapshot: z.strictObject({ max_lock_s: seconds.default(5) }).prefault({}),
  sources: z
    .record(
      table,
      z.strictObject({ key: z.string(), columns: z.array(z.string()).min(1), from: z.string().min(1) }),
    )
    .default({}),
});

const File = z.strictObject({
  slack: z.strictObject({
    mode: z.enum(['socket']).default('socket'),
    command: z
      .string()
      .regex(/^\/[a-z0-9_-]+$/, 'a slash command, for example /incident')
      .default('/incident'),
    incidents_channel: z.string().regex(/^[CG][A-Z0-9]{2,}$/, 'a Slack channel id (C…)'),
  }),
  http: z
    .strictObject({
      listen: z
        .string()
        .regex(/^[^:]*:\d+$/, 'host:port')
        .default('127.0.0.1:3080'),
    })
    .prefault({}),
  targets: z.record(name, Target).default({}),
  timezone: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), 'an IANA zone, for example Europe/Berlin')
    .default('UTC'),
  teams: z.record(name, z.strictObject({ on_call: people.min(1) })).default({}),
  permissions: z
    .strictObject({
      declare: people.optional(),
      respond: people.optional(),
      dangerous: people.optional(),
      approve: people.optional(),
    })
    .prefault({}),
  breaker: z.strictObject({ dangerous_per_hour: z.number().int().positive().default(10) }).prefault({}),
  monitors: z
    .record(
      name,
      z.strictObject({
        target: name,
        service: name.optional(),
        every_s: z.number().int().min(1).max(59).default(10),
        failures: z.number().int().positive().default(3),
      }),
    )
    .default({}),
});
type File = z.infer<typeof File>;

export interface Config {
  readonly settings: Settings;
  readonly monitors: readonly MonitorSettings[];
  readonly slack: { readonly botToken: string; readonly appToken: string; readonly apiUrl?: string };
  readonly http: { readonly host: string; readonly port: number; readonly token?: string };
  /** Undefined: Firebreak starts its own PostgreSQL in `dataDir`. */
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** What `firebreak start` needs. Throws CONFIG_WRONG with every problem in its message. */
export function loadConfig(file: string, env: Env = process.env): Config {
  const problems: string[] = [];
  const read = readFile(file, problems);
  const secret = (variable: string, what: string): string => {
    const value = env[variable];
    if (value === undefined || value === '')
      problems.push(`environment ${variable}: not set, expected ${what}`);
    return value ?? '';
  };
  const botToken = secret(
    'SLACK_BOT_TOKEN',
    'the bot token (xoxb-…) from "OAuth & Permissions" of the Slack app',
  );
  const appToken = secret(
    'SLACK_APP_TOKEN',
    'an app-level token (xapp-…) with connections:write from "Basic Information"',
  );
  const targets = read ? targetsOf(file, read, env, problems) : {};
  if (read) crossCheck(file, read, problems);
  const level = logLevelOf(env, problems);
  if (!read || problems.length > 0)
    throw new FirebreakError('CONFIG_WRONG', { problems: problems.join('\n  ') });
  const { apiUrl, databaseUrl, token } = {
    apiUrl: env['SLACK_API_URL'],
    databaseUrl: env['DATABASE_URL'],
    token: env['FIREBREAK_TOKEN'],
  };
  return {
    settings: settingsOf(read, targets),
    monitors: monitorsOf(read),
    slack: { botToken, appToken, ...(apiUrl ? { apiUrl } : {}) },
    http: { ...listenOf(read.http.listen), ...(token ? { token } : {}) },
    ...(databaseUrl ? { databaseUrl } : {}),
    dataDir: dataDirOf(env),
    logLevel: level,
  };
}

/** One target, for commands that need no Slack. */
export function loadTarget(file: string, target: string, env: Env = process.env): TargetSettings {
  const problems: string[] = [];
  const read = readFile(file, problems);
  const targets = read ? targetsOf(file, read, env, problems, target) : {};
  if (problems.length > 0) throw new FirebreakError('CONFIG_WRONG', { problems: problems.join('\n  ') });
  const found = targets[target];
  if (!found)
    throw new FirebreakError('UNKNOWN_TARGET', {
      found: target,
      known: Object.keys(read?.targets ?? {}).join(', ') || 'none',
    });
  return found;
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

function readFile(file: string, problems: string[]): File | undefined {
  if (!existsSync(file)) {
    problems.push(`${file}: not found, expected the configuration; start from firebreak.example.yml`);
    return undefined;
  }
  const read = readYaml(file, readFileSync(file, 'utf8'), File);
  if (read.ok) return read.value;
  problems.push(...read.problems);
  return undefined;
}

function targetsOf(
  file: string,
  read: File,
  env: Env,
  problems: string[],
  only?: string,
): Readonly<Record<string, TargetSettings>> {
  const wanted = Object.entries(read.targets).filter(([target]) => only === undefined || target === only);
  return Object.fromEntries(
    wanted.map(([target, given]) => [target, targetOf(file, target, given, env, problems)]),
  );
}

function targetOf(
  file: string,
  target: string,
  given: z.infer<typeof Target>,
  env: Env,
  problems: string[],
): TargetSettings {
  const url = (variable: string | undefined, role: string): string | undefined => {
    if (variable === undefined) return undefined;
    const value = env[variable];
    if (value) return value;
    problems.push(
      `${file} targets.${target}.${role}_url_env: environment variable ${variable} is not set, expected the URL of its ${role} role`,
    );
    return undefined;
  };
  const [diag, act, ddl] = [
    url(given.diag_url_env, 'diag'),
    url(given.act_url_env, 'act'),
    url(given.ddl_url_env, 'ddl'),
  ];
  return {
    name: target,
    urls: { diag: diag ?? '', ...(act ? { act } : {}), ...(ddl ? { ddl } : {}) },
    tool: given.tool,
    ...(given.history ? { history: given.history } : {}),
    probes: given.probes,
    services: given.services,
    snapshot: { maxLockSeconds: given.snapshot.max_lock_s },
    sources: given.sources,
  };
}

function crossCheck(file: string, read: File, problems: string[]): void {
  const known = Object.keys(read.targets);
  for (const [monitor, { target }] of Object.entries(read.monitors)) {
    if (known.includes(target)) continue;
    problems.push(
      `${file} monitors.${monitor}.target: found ${target}, expected one of ${known.join(', ') || '(no targets)'}`,
    );
  }
}

const settingsOf = (read: File, targets: Settings['targets']): Settings => ({
  command: read.slack.command,
  timezone: read.timezone,
  incidentsChannel: read.slack.incidents_channel,
  permissions: {
    declare: read.permissions.declare,
    respond: read.permissions.respond,
    dangerous: read.permissions.dangerous,
    approve: read.permissions.approve,
  },
  teams: Object.fromEntries(
    Object.entries(read.teams).map(([team, { on_call: onCall }]) => [team, { onCall }]),
  ),
  targets,
  breaker: { dangerousPerHour: read.breaker.dangerous_per_hour },
});

const monitorsOf = (read: File): readonly MonitorSettings[] =>
  Object.entries(read.monitors).map(([monitor, { target, service, every_s, failures }]) => ({
    name: monitor,
    target,
    ...(service ? { service } : {}),
    schedule: { everySeconds: every_s },
    for: failures,
  }));

function listenOf(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at) || '127.0.0.1', port: Number(listen.slice(at + 1)) };
}
