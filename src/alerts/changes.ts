/** `POST /events/changes`: what was changed, and migrations as they were captured where the project lives. */
import { z } from 'zod';
import { digestOf } from '../domain/chain.ts';
import { CHANGE_KINDS, type ReportedChange } from '../domain/change.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { storable } from '../domain/storable.ts';
import { oneLine } from '../domain/title.ts';
import { type Answer, refusal } from './answers.ts';
import { wrongShape } from './bodies.ts';
import type { Entrance } from './entrance.ts';

/** Refused rather than cleaned: SQL that was changed is another SQL. */
const text = z
  .string()
  .refine((given) => storable(given) === given, 'must contain neither NUL nor a lone surrogate');
const name = text.min(1).max(500);

const migration = z
  .object({
    name,
    fileHash: text.min(1).max(200),
    /** SQL, or the word `opaque` for what is not SQL. */
    up: text.optional(),
    down: text.optional(),
    upOpaque: z.boolean().optional(),
    downOpaque: z.boolean().optional(),
  })
  .refine(({ up, upOpaque }) => upOpaque === true || up !== undefined, {
    path: ['up'],
    message: 'must be the SQL, or give `upOpaque: true`',
  });

const capturing = z.object({
  target: name,
  migrations: z.array(migration).min(1).max(5000),
});

export interface ChangesOptions {
  readonly targets: readonly string[];
  readonly services: readonly string[];
  readonly capture: (target: string, migrations: readonly CapturedMigration[]) => Promise<void>;
  /** Answers how many were new. */
  readonly changed: (changes: readonly ReportedChange[]) => Promise<number>;
}

/** Takes in changes, many or one, and captured migrations; what is wrong with one of many refuses all of them. */
export const changesEntrance = (options: ChangesOptions): Entrance => ({
  name: 'changes',
  expects: CHANGES,
  take: (json, { now }) =>
    isCapture(json) ? receiveMigrations(json, options) : receiveChanges(json, options, now),
});

const isCapture = (json: unknown): boolean =>
  typeof json === 'object' &&
  json !== null &&
  ('migrations' in json || !('kind' in json || 'title' in json || 'changes' in json));

const CHANGES =
  'Send {changes: [{kind, title, service?, target?, author?, link?, at?, id?}]}, or one of them alone.';

/** Of a time in ISO 8601, as far as its hour. */
const HOUR = 'yyyy-mm-ddThh'.length;
const FUTURE_MS = 5 * 60 * 1000;

async function receiveChanges(json: unknown, options: ChangesOptions, now: Date): Promise<Answer> {
  const schema = changeSchema(options, now);
  const many = z.strictObject({ changes: z.array(schema).min(1).max(100) });
  const one = schema.transform((change) => ({ changes: [change] }));
  const isMany = typeof json === 'object' && json !== null && 'changes' in json;
  const parsed = (isMany ? many : one).safeParse(json);
  if (!parsed.success) return wrongShape(parsed.error, CHANGES);
  return taken(parsed.data.changes, await options.changed(parsed.data.changes));
}

/** How many were new, and how many were known already. */
export const taken = (changes: readonly ReportedChange[], fresh: number): Answer => ({
  status: 200,
  body: { ok: true, taken: fresh, known: changes.length - fresh },
  ...(fresh === 0 ? { outcome: 'known' as const } : {}),
});

/** Without an id, the same words at the same time are the same change; without a time, the same words within the hour. */
const changeSchema = ({ targets, services }: ChangesOptions, now: Date) =>
  z
    .strictObject({
      kind: z.enum(CHANGE_KINDS),
      title: line(300),
      service: oneOf(services).optional(),
      target: oneOf(targets).optional(),
      author: line(100).optional(),
      link: z
        .url({ protocol: /^https?$/, error: 'must be an address that begins with https:// or http://' })
        .max(2000)
        .transform(asLink)
        .optional(),
      at: z.iso
        .datetime({ offset: true, error: 'must be a time with its zone, as 2026-12-24T09:00:00Z' })
        .transform((given) => new Date(given))
        .refine((at) => at.getTime() <= now.getTime() + FUTURE_MS, 'lies more than 5 minutes in the future')
        .optional(),
      id: line(300).optional(),
    })
    .transform(
      ({ id, at, ...change }): ReportedChange => ({
        ...change,
        source: 'http',
        externalId: id ?? digestOf({ ...change, at: at?.toISOString() ?? now.toISOString().slice(0, HOUR) }),
        at: at ?? now,
      }),
    );

/** Brackets in it are encoded: Slack would take them for markup. */
export const asLink = (url: string): string => new URL(url).href;

/** Somebody's words on one line. */
const line = (longest: number) => z.string().transform(oneLine).pipe(z.string().min(1).max(longest));

const oneOf = (known: readonly string[]) =>
  z
    .string()
    .refine(
      (given) => known.includes(given),
      `is not in firebreak.yml, which has: ${known.join(', ') || 'none'}`,
    );

async function receiveMigrations(json: unknown, { targets, capture }: ChangesOptions): Promise<Answer> {
  const parsed = capturing.safeParse(json);
  if (!parsed.success) return wrongShape(parsed.error, SHAPE);
  const { target, migrations } = parsed.data;
  if (!targets.includes(target)) {
    return refusal(
      404,
      `The target ${JSON.stringify(target)} is not known here.`,
      `Name one of: ${targets.join(', ') || 'none is configured'}; targets are named in firebreak.yml.`,
      { targets },
    );
  }
  await capture(target, migrations.map(captured));
  return { status: 200, body: { ok: true, target, captured: migrations.length } };
}

const SHAPE =
  'Send {changes: [{kind, title, …}]} as docs/changes.md has it, or {target, migrations: [{name, fileHash, up, down?, upOpaque?, downOpaque?}]}, as `firebreak migrations capture` does.';

function captured({
  name,
  fileHash,
  up,
  down,
  upOpaque,
  downOpaque,
}: z.infer<typeof migration>): CapturedMigration {
  const undo = downOpaque ? 'opaque' : down;
  return {
    name,
    fileHash,
    up: upOpaque ? 'opaque' : (up ?? 'opaque'),
    ...(undo === undefined ? {} : { down: undo }),
  };
}
