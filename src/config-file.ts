/** What firebreak.yml may hold, as a schema; config.ts reads it and gives it its meaning. */
import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { RULE_ACTIONS } from './domain/alert-rules.ts';
import { ENTRANCES } from './domain/entrances.ts';
import { MIGRATION_TOOLS } from './domain/migration-tools.ts';
import { DEFAULT_COMMAND } from './domain/settings.ts';
import { DEFAULT_GUARD, DEFAULT_MAX_BYTES } from './domain/target-settings.ts';
import { readSource } from './domain/team.ts';
import { isCron } from './jobs/ticks.ts';
import { ERROR_RATE } from './monitors/look-settings.ts';
import { strict } from './yaml.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'lower-case letters, digits, - and _');
const people = z.array(z.string().regex(/^[UWS][A-Z0-9]{2,}$/, 'a Slack user id (U…) or user group id (S…)'));
const person = z.string().regex(/^[UW][A-Z0-9]{2,}$/, 'a Slack user id (U…)');
const onCall = z
  .array(
    z
      .string()
      .refine(
        (word) => readSource(word) !== undefined,
        'a Slack user id (U…), a user group id (S…), the name of a rotation, or pagerduty: and the id of a schedule',
      ),
  )
  .min(1);
const zone = z
  .string()
  .refine((name) => IANAZone.isValidZone(name), 'an IANA zone, for example Europe/Berlin');
const channel = z.string().regex(/^[CG][A-Z0-9]{2,}$/, 'a Slack channel id (C…)');
const envName = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable');
const table = z
  .string()
  .regex(/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$/, 'a table name, with or without its schema');
const column = z.string().min(1).max(63);
const seconds = z.number().positive();

const TargetFile = z
  .strictObject({
    diag_url_env: envName,
    act_url_env: envName.optional(),
    ddl_url_env: envName.optional(),
    tool: z.enum(MIGRATION_TOOLS).default('node-pg-migrate'),
    history: z
      .strictObject({
        table: table.optional(),
        name: column.optional(),
        applied_at: column.optional(),
        failed: column.optional(),
      })
      .optional(),
    probes: z.array(z.strictObject({ name, sql: z.string().min(1) })).default([]),
    services: z.array(name).default([]),
    snapshot: z
      .strictObject({
        max_lock_s: seconds.default(5),
        max_bytes: z.number().int().positive().default(DEFAULT_MAX_BYTES),
        free_disk: z.string().min(1).optional(),
      })
      .prefault({}),
    guard: z
      .strictObject({
        undo: z.enum(['auto', 'propose']).default(DEFAULT_GUARD.undo),
        window_s: seconds.default(DEFAULT_GUARD.windowSeconds),
      })
      .prefault({}),
    sources: z
      .record(
        table,
        z.strictObject({ key: z.string(), columns: z.array(z.string()).min(1), from: z.string().min(1) }),
      )
      .default({}),
    rehearsal: name.optional(),
    /** Whether it is watched by default, by the kinds of monitors that are not named for it. */
    watch: z.boolean().default(true),
  })
  .superRefine(({ tool, history }, context) => {
    if (tool !== 'other' && (history?.name ?? history?.applied_at ?? history?.failed) !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['history'],
        message: `of ${tool} only the table: its columns are known; name columns for the tool other`,
      });
    }
    for (const what of ['table', 'name'] as const) {
      if (tool !== 'other' || history?.[what] !== undefined) continue;
      context.addIssue({
        code: 'custom',
        path: ['history', what],
        message:
          what === 'table'
            ? 'the table that the tool keeps its history in'
            : 'the column with the name of a migration',
      });
    }
  });
export type TargetFile = z.infer<typeof TargetFile>;

const RotationFile = z.strictObject({
  people: z.array(person).min(1),
  hand_off: z
    .string()
    .regex(
      /^(monday|tuesday|wednesday|thursday|friday|saturday|sunday) ([01]\d|2[0-3]):[0-5]\d$/i,
      'a weekday and a time, for example monday 09:00',
    ),
  timezone: zone.optional(),
  start: z
    .string()
    .refine(
      (day) => /^\d{4}-\d\d-\d\d$/.test(day) && DateTime.fromISO(day).isValid,
      'a calendar day, for example 2026-01-05',
    ),
  overrides: z.array(z.strictObject({ user: person, from: z.string(), until: z.string() })).default([]),
});
export type RotationFile = z.infer<typeof RotationFile>;

const DEFAULT_WAIT_MIN = 5;

const LevelFile = z.strictObject({
  on_call: onCall,
  wait_min: z
    .number()
    .positive()
    .max(24 * 60)
    .default(DEFAULT_WAIT_MIN),
});

const TeamFile = z.strictObject({
  /** The short form: one level. */
  on_call: onCall.optional(),
  levels: z.array(LevelFile).min(1).optional(),
  rotations: z.record(name, RotationFile).default({}),
  pagerduty: z.strictObject({ routing_key_env: envName }).optional(),
  webhook: z.strictObject({ url_env: envName, secret_env: envName }).optional(),
});
export type TeamFile = z.infer<typeof TeamFile>;

/** The levels of a team, in whichever form they are written. */
export const levelsOf = ({ on_call, levels }: TeamFile): readonly z.infer<typeof LevelFile>[] =>
  levels ?? (on_call ? [{ on_call, wait_min: DEFAULT_WAIT_MIN }] : []);

const repository = z.string().regex(/^[A-Za-z0-9][\w.-]*\/[\w.-]+$/, 'owner/name of a repository');

const ServiceFile = z.strictObject({
  team: name.optional(),
  /** On GitHub: whose webhook tells of its changes. */
  repo: repository.optional(),
  /** Titles and addresses. */
  links: z.record(z.string().min(1).max(60), z.httpUrl()).default({}),
});

/** Begins with a letter: a number would be taken for another order. */
const word = z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and -, a letter first');
const minutes = z.number().positive();

const SeverityFile = z.strictObject({
  meaning: z.string().min(1),
  update_min: minutes.optional(),
  stale_min: minutes.optional(),
  postmortem_days: z.number().positive().optional(),
});

export type SeverityFile = z.infer<typeof SeverityFile>;

const RoleFile = z.strictObject({
  title: z.string().min(1).max(60),
  duties: z.array(z.string().min(1)).default([]),
});

const GitHubFile = z.strictObject({
  repo: repository,
  token_env: envName.default('GITHUB_TOKEN'),
  labels: z.array(z.string().min(1).max(50)).default(['postmortem']),
});

const often = z.number().int().positive();
/** In quotes: without them YAML takes some of them for numbers. */
const sqlstate = z
  .string()
  .regex(/^[0-9A-Z]{2}([0-9A-Z]{3})?$/, 'a SQLSTATE or its class in quotes, for example "23505" or "08"');

const MonitorFile = z.strictObject({
  target: name.optional(),
  service: name.optional(),
  every_s: z.number().int().min(1).max(3600).optional(),
  cron: z.string().refine(isCron, 'five fields of cron, or six with the seconds first').optional(),
  for: often.optional(),
  /** The older name of `for`. */
  failures: often.optional(),
  clear: often.optional(),
  timeout_s: seconds.max(300).optional(),
  probes: z.array(z.string()).min(1).optional(),
  http: z
    .strictObject({
      url: z.string().refine(isWebAddress, 'an address with http:// or https://, without a password'),
      status: z.number().int().min(100).max(599).default(200),
      contains: z.string().min(1).max(1000).optional(),
    })
    .optional(),
  checks: z
    .union([z.array(z.string()).min(1), z.literal('first-minutes')], {
      error: 'a list of checks, or first-minutes',
    })
    .optional(),
  level: z.enum(['warn', 'crit']).optional(),
  limits: z
    .record(z.string(), z.strictObject({ warn: z.number().nonnegative(), crit: z.number().nonnegative() }))
    .optional(),
  error_rate: z
    .strictObject({
      percent: z.number().positive().max(100).default(ERROR_RATE.percent),
      min: often.default(ERROR_RATE.min),
      baseline: z.number().min(1).default(ERROR_RATE.baseline),
    })
    .optional(),
  /** Each SQLSTATE has a threshold of its own, in errors a minute; here are others. */
  errors: z.strictObject({ limits: z.record(sqlstate, often).default({}) }).optional(),
});
export type MonitorFile = z.infer<typeof MonitorFile>;

function isWebAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return /^https?:$/.test(url?.protocol ?? '') && url?.username === '' && url.password === '';
}

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day in quotes, for example "02:00"');
const pattern = z.string().min(1).max(200);

/** Of an alert: `source`, `service`, `target`, `severity`, `title`, or a label; one pattern or several. */
const MatchFile = z
  .record(
    z.string().min(1).max(100),
    z.union([pattern, z.array(pattern).min(1)]).transform((it) => (typeof it === 'string' ? [it] : it)),
  )
  .refine((match) => Object.keys(match).length > 0, 'at least one property, for example source: grafana');

const RuleFile = z
  .strictObject({
    match: MatchFile,
    do: z.enum(RULE_ACTIONS).optional(),
    service: name.optional(),
    severity: z.string().min(1).optional(),
  })
  .superRefine(({ do: action, service, severity }, context) => {
    const expected =
      action === undefined && service === undefined
        ? `what is done (${RULE_ACTIONS.join(', ')}), or the service that it gets`
        : severity !== undefined && action !== 'declare'
          ? 'a severity with `do: declare` only'
          : undefined;
    if (expected) context.addIssue({ code: 'custom', path: ['do'], message: expected });
  });

const SilenceFile = z.strictObject({
  match: MatchFile,
  from: clock,
  to: clock,
  days: z
    .array(z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']))
    .min(1)
    .optional(),
  timezone: zone.optional(),
  reason: z.string().min(1).max(200),
});

/** The whole file; what is left out has its default here. */
export const ConfigFile = z.strictObject({
  slack: z.strictObject({
    /** Socket Mode needs no address that Slack can reach; HTTP does. */
    mode: z.enum(['socket', 'http']).default('socket'),
    command: z
      .string()
      .regex(/^\/[a-z0-9_-]+$/, 'a slash command, for example /incident')
      .default(DEFAULT_COMMAND),
    incidents_channel: channel,
    stakeholder_channel: channel.optional(),
  }),
  http: z
    .strictObject({
      listen: z
        .string()
        .regex(/^[^:]*:\d+$/, 'host:port')
        .default('127.0.0.1:3080'),
      /** Secrets of single ways in, each in an environment variable. */
      tokens: strict(Object.fromEntries(ENTRANCES.map((entrance) => [entrance, envName.optional()]))).default(
        {},
      ),
    })
    .prefault({}),
  targets: z.record(name, TargetFile).default({}),
  timezone: zone.default('UTC'),
  teams: z.record(name, TeamFile).default({}),
  services: z.record(name, ServiceFile).default({}),
  /** The worst first. */
  severities: z.record(word, SeverityFile).optional(),
  roles: z.record(word, RoleFile).optional(),
  reminders: z.strictObject({ unclaimed_min: minutes.default(5) }).prefault({}),
  phones: z.record(person, z.string().regex(/\d/, 'a phone number in quotes')).default({}),
  pagerduty: z.strictObject({ token_env: envName }).optional(),
  tracker: z.strictObject({ github: GitHubFile }).optional(),
  permissions: z
    .strictObject({
      declare: people.optional(),
      respond: people.optional(),
      dangerous: people.optional(),
      approve: people.optional(),
      break_glass: people.optional(),
      redact: people.optional(),
      private: people.optional(),
    })
    .prefault({}),
  capture: z
    .strictObject({
      emoji: z
        .array(
          z
            .string()
            .regex(/^:?[a-z0-9_+'-]+:?$/, 'the name of an emoji, for example pushpin')
            .transform((emoji) => emoji.replaceAll(':', '')),
        )
        .min(1)
        .default(['pushpin']),
      max_image_mb: z.number().min(0).max(100).default(5),
    })
    .prefault({}),
  retention: z.strictObject({ messages_days: z.number().positive().default(90) }).prefault({}),
  breaker: z.strictObject({ dangerous_per_hour: z.number().int().positive().default(10) }).prefault({}),
  /** Off until programs are named. */
  shell: z
    .strictObject({
      allow: z.record(name, z.string().regex(/^\//, 'the whole path of a program')).default({}),
    })
    .prefault({}),
  secrets: z.array(envName).default([]),
  /** The first that matches and says what to do decides. */
  rules: z.array(RuleFile).default([]),
  silences: z.array(SilenceFile).default([]),
  noise: z.strictObject({ proposals_per_hour: z.number().int().positive().optional() }).prefault({}),
  monitors: z.record(name, MonitorFile).default({}),
});
export type ConfigFile = z.infer<typeof ConfigFile>;
