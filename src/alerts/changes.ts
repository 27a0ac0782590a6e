/** `POST /events/changes`: migrations as they were captured where the project lives, mapped to what plans are made of. */
import { z } from 'zod';
import type { CapturedMigration } from '../domain/plan.ts';
import { storable } from '../domain/storable.ts';
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

const changes = z.object({
  target: name,
  migrations: z.array(migration).min(1).max(5000),
});

export interface ChangesOptions {
  readonly targets: readonly string[];
  readonly capture: (target: string, migrations: readonly CapturedMigration[]) => Promise<void>;
}

/** Takes captured migrations in. */
export const changesEntrance = (options: ChangesOptions): Entrance => ({
  name: 'changes',
  expects: SHAPE,
  take: (json) => receiveChanges(json, options),
});

async function receiveChanges(json: unknown, { targets, capture }: ChangesOptions): Promise<Answer> {
  const parsed = changes.safeParse(json);
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
  'Send {target, migrations: [{name, fileHash, up, down?, upOpaque?, downOpaque?}]}, as `firebreak migrations capture` does.';

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
