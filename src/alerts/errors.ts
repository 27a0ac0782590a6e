/** `POST /events/errors`: applications tell which errors their database gave them, and how many. */
import { z } from 'zod';
import { ownWords } from '../databases/log-lines.ts';
import { addUp, type ErrorCount, type ErrorReport, relationIn, sliceOf } from '../domain/error-counts.ts';
import { isError } from '../domain/sqlstate.ts';
import type { TargetSettings } from '../domain/target-settings.ts';
import { type Answer, refusal } from './answers.ts';
import { wrongShape } from './bodies.ts';
import type { Entrance } from './entrance.ts';

export interface ErrorsOptions {
  readonly targets: Readonly<Record<string, Pick<TargetSettings, 'services'>>>;
  /** The names of all. */
  readonly services: readonly string[];
  /** Counts a report; false: one of that id was counted before. */
  readonly report: (report: ErrorReport) => Promise<boolean>;
}

/** Takes reports in. */
export const errorsEntrance = (options: ErrorsOptions): Entrance => ({
  name: 'errors',
  expects: SHAPE,
  take: (json, { now }) => receiveErrors(json, options, now),
});

const SHAPE =
  'Send {service or target, id?, errors: [{sqlstate, count?, message?, relation?, at?}]}, at most 1000 at once.';

const reported = z.object({
  sqlstate: z
    .string()
    // Errors of Node have codes, too, and some are as long.
    .regex(
      /^[0-9A-DF-Z][0-9A-Z]{4}$/,
      'must be five digits or upper-case letters, such as 42P01; EPIPE is none',
    )
    .refine(isError, 'must be the code of an error'),
  count: z.int().min(1).max(1_000_000).default(1),
  message: z.string().optional(),
  relation: z
    .string()
    .max(200)
    .regex(/^[\p{L}_][\p{L}\p{N}_$.]*$/u, 'must be a name, such as orders or shop.orders')
    .optional(),
  at: z.iso.datetime({ offset: true }).optional(),
});
type Reported = z.infer<typeof reported>;

const name = z.string().min(1).max(200);
const body = z
  .object({
    service: name.optional(),
    target: name.optional(),
    id: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 characters of ASCII without spaces')
      .optional(),
    errors: z.array(reported).min(1).max(1000),
  })
  .refine(({ service, target }) => service !== undefined || target !== undefined, {
    path: ['service'],
    message: 'must be given, or `target`',
  });

async function receiveErrors(json: unknown, options: ErrorsOptions, now: Date): Promise<Answer> {
  const parsed = body.safeParse(json);
  if (!parsed.success) return wrongShape(parsed.error, SHAPE);
  const { service, id, errors } = parsed.data;
  const target = targetOf(parsed.data, options);
  if (typeof target !== 'string') return target;
  const late = errors.findIndex(({ at }) => at !== undefined && !isNow(new Date(at), now));
  if (late >= 0) return wrongTime(late, errors[late]?.at ?? '', now);
  const counts = addUp(errors.map((each) => countOf(each, now)));
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const report = {
    target,
    counts,
    ...(service === undefined ? {} : { service }),
    ...(id === undefined ? {} : { id }),
  };
  if (await options.report(report)) return { status: 200, body: { ok: true, target, counted: total } };
  return { status: 200, body: { ok: true, target, counted: 0, known: true }, outcome: 'known' };
}

/** The target that is named, else the one that the service uses. */
function targetOf(
  { service, target }: z.infer<typeof body>,
  { targets, services }: ErrorsOptions,
): string | Answer {
  if (service !== undefined && !services.includes(service)) return unknown('service', service, services);
  const names = Object.keys(targets);
  if (target !== undefined) return names.includes(target) ? target : unknown('target', target, names);
  const used = names.filter((each) => targets[each]?.services.includes(service ?? ''));
  if (used.length === 1) return used[0] ?? '';
  const found = used.length === 0 ? 'no target' : `the targets ${used.join(', ')}`;
  return refusal(
    400,
    `The service ${JSON.stringify(service)} uses ${found}, so that it is not clear whose errors these are.`,
    used.length === 0
      ? 'Name the service among the `services` of its target in firebreak.yml, or send `target` along.'
      : 'Send `target` along.',
  );
}

const unknown = (what: 'service' | 'target', found: string, known: readonly string[]): Answer =>
  refusal(
    404,
    `The ${what} ${JSON.stringify(found)} is not known here.`,
    `Name one of: ${known.join(', ') || 'none is configured'}; ${what}s are named in firebreak.yml.`,
    { [`${what}s`]: known },
  );

const OLDEST_MS = 3_600_000;
/** Clocks differ. */
const AHEAD_MS = 300_000;

const isNow = (at: Date, now: Date): boolean =>
  at.getTime() >= now.getTime() - OLDEST_MS && at.getTime() <= now.getTime() + AHEAD_MS;

function wrongTime(index: number, at: string, now: Date): Answer {
  const late = new Date(at) < now;
  return refusal(
    400,
    `errors.${index}.at is ${at}: ${late ? 'more than an hour ago' : 'more than 5 minutes in the future'}, by a clock that says ${now.toISOString()}.`,
    late
      ? 'Send errors within an hour: older ones say nothing about now.'
      : 'Set the clock of the sender right, or leave `at` out.',
  );
}

/** What it says in other words than PostgreSQL's own is dropped: it could be a customer's. */
function countOf({ sqlstate, count, message = '', relation, at }: Reported, now: Date): ErrorCount {
  const sample = ownWords(message.replace(/^(?:error|fatal|panic):\s+/i, ''));
  const named = relation ?? relationIn(sample ?? '');
  const moment = at === undefined ? now : new Date(Math.min(new Date(at).getTime(), now.getTime()));
  return {
    sqlstate,
    count,
    at: sliceOf(moment),
    ...(named === undefined ? {} : { relation: named }),
    ...(sample === undefined ? {} : { sample }),
  };
}
