/** What firebreak.yml may hold, as a schema; config.ts reads it and gives it its meaning. */
import { IANAZone } from 'luxon';
import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'lower-case letters, digits, - and _');
const people = z.array(z.string().regex(/^[UWS][A-Z0-9]{2,}$/, 'a Slack user id (U…) or user group id (S…)'));
/** Only people: whom a user group holds is not looked up when somebody is paged. */
const onCall = z.array(
  z
    .string()
    .regex(/^[UW][A-Z0-9]{2,}$/, 'a Slack user id (U…): a user group (S…) cannot be paged, name its people'),
);
const envName = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable');
const table = z
  .string()
  .regex(/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$/, 'a table name, with or without its schema');
const seconds = z.number().positive();

const TargetFile = z.strictObject({
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
export type TargetFile = z.infer<typeof TargetFile>;

/** The whole file; what is left out has its default here. */
export const ConfigFile = z.strictObject({
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
  targets: z.record(name, TargetFile).default({}),
  timezone: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), 'an IANA zone, for example Europe/Berlin')
    .default('UTC'),
  teams: z.record(name, z.strictObject({ on_call: onCall.min(1) })).default({}),
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
export type ConfigFile = z.infer<typeof ConfigFile>;
