/** Runs a migration, watches what the site depends on, and undoes it when that breaks: one deploy, from begin to end. */
import type pg from 'pg';
import { analyse } from '../databases/analyse.ts';
import { tablesAtRisk } from '../databases/guard/at-risk.ts';
import { type Kept, whatChanged } from '../databases/guard/changed.ts';
import { type GuardStart, type Journal, lockGuards, openJournal } from '../databases/guard/journal.ts';
import {
  changedTables,
  clearAway,
  forgetKept,
  startKeeping,
  stayAlive,
  stopLogging,
} from '../databases/guard/keep.ts';
import type { Keeping } from '../databases/guard/keeping.ts';
import { appliedSoFar } from '../databases/history.ts';
import { shortName } from '../databases/names.ts';
import { errorText } from '../databases/pg-errors.ts';
import type { KeptTable } from '../databases/rollback/inputs.ts';
import { endQuietly, type Target } from '../databases/target.ts';
import type { GuardEventKind } from '../domain/guard.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import { DEFAULT_MAX_BYTES } from '../domain/target-settings.ts';
import { undo } from './undo.ts';
import { watch } from './watch.ts';

/** 0 applied, 1 the command failed, 3 undone, 4 undone with conflicts, 5 red and left in place. */
export type GuardExit = 0 | 1 | 3 | 4 | 5;

interface Done {
  readonly ok: true;
  readonly exit: GuardExit;
}

export interface GuardWish {
  readonly target: Target;
  /** The project's migrations, in their order. */
  readonly captured: readonly CapturedMigration[];
  /** Those that are to be applied by the command. */
  readonly pending: readonly CapturedMigration[];
  readonly start: Omit<GuardStart, 'migrations' | 'at'>;
  /** Above the limit of the target all the same. */
  readonly large: boolean;
  /** Runs the migration command; answers its exit code. */
  readonly run: () => Promise<number>;
  readonly say: (line: string) => void;
}

/** How long a statement of its own connection may take: the copy of a large table. */
const STATEMENT_MS = 6 * 3_600_000;
/** A guard that is gone leaves triggers that do nothing any more after that. */
const ALIVE_MS = 30 * 60_000;
const aliveUntil = (): Date => new Date(Date.now() + ALIVE_MS);
const PING_MS = 3000;
/** A guard that is frozen loses its connection, and with it the right to act. */
const IDLE_MS = 15_000;

/** Guards one run of the command. Refused before it when it could not be guarded. */
export async function guard(
  wish: GuardWish,
): Promise<{ readonly ok: true; readonly exit: GuardExit } | Refusal> {
  const client = await wish.target.session('ddl', STATEMENT_MS);
  const ping = setInterval(() => void client.query('select 1').catch(() => undefined), PING_MS);
  try {
    if (!(await lockGuards(client))) return refuse('GUARD_BUSY', { target: wish.target.name });
    await client.query("select set_config('idle_session_timeout', $1, false)", [String(IDLE_MS)]);
    await clearAway(client);
    return await underLock(wish, client);
  } finally {
    clearInterval(ping);
    await endQuietly(client);
  }
}

async function underLock(
  wish: GuardWish,
  client: pg.Client,
): Promise<{ readonly ok: true; readonly exit: GuardExit } | Refusal> {
  const { target, pending, start, say } = wish;
  const [reader] = await target.read<{ role: string }>('select quote_ident(current_user) as role');
  const up = await analyse(pending.map((it) => it.up).join('\n;\n'));
  const { tables, notes } = await tablesAtRisk(target, up);
  const bytes = tables.reduce((sum, it) => sum + it.bytes, 0);
  const { maxBytes = DEFAULT_MAX_BYTES } = target.config.snapshot;
  if (bytes > maxBytes && !wish.large)
    return refuse('GUARD_TOO_LARGE', {
      target: target.name,
      found: inMegabytes(bytes),
      allowed: inMegabytes(maxBytes),
    });
  const keeping: Keeping = {
    schema: `firebreak_guard_${start.id}`,
    reader: reader?.role ?? 'public',
    tables,
  };
  const journal = await openJournal(client, keeping.reader, {
    ...start,
    at: new Date(),
    migrations: pending,
  });
  const told = teller(journal, say);
  const before = await appliedSoFar(target);
  await told(
    'started',
    `Guarding \`${start.command}\` on ${target.name}: ${names(pending) || 'nothing is pending'}`,
  );
  for (const note of notes) await told('note', note);
  await startKeeping(client, keeping, aliveUntil());
  if (tables.length > 0)
    await told(
      'kept',
      `What changes in ${tables.map((it) => shortName(it.name)).join(', ')} is kept while it runs, in ${keeping.schema}`,
    );
  return ran({ ...wish, client, keeping, journal, told, before, incomplete: notes.length > 0 });
}

/** A run of the command under way. */
export interface Guarding extends GuardWish {
  readonly client: pg.Client;
  readonly keeping: Keeping;
  readonly journal: Journal;
  readonly told: Told;
  readonly before: readonly AppliedMigration[];
  /** Something that it changes was not kept: an undo of it is not whole. */
  readonly incomplete: boolean;
}

/** Writes an event down, and shows it. */
export type Told = (
  kind: GuardEventKind,
  text: string,
  details?: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** In the journal, and for who looks on. */
const teller =
  (journal: Journal, say: GuardWish['say']): Told =>
  async (kind, text, details = {}) => {
    await journal.write(kind, text, new Date(), details);
    say(text);
  };

async function ran(it: Guarding): Promise<Done> {
  const begun = performance.now();
  const beat = setInterval(
    () => void stayAlive(it.client, it.keeping, aliveUntil()).catch(() => undefined),
    PING_MS,
  );
  const code = await it.run().catch(async (error: unknown) => {
    await it.told('note', `The command could not be run: ${errorText(error)}`);
    return 127;
  });
  clearInterval(beat);
  const seconds = Math.round((performance.now() - begun) / 100) / 10;
  const fresh = await newlyApplied(it);
  await it.told('command', `The command ended with ${code} after ${seconds} s`, { code, seconds });
  for (const line of await stopLogging(it.client, it.keeping)) await it.told('note', line);
  if (fresh.length === 0) return nothingApplied(it, code);
  const failed = fresh.filter(({ state }) => state !== undefined);
  await it.told(
    'applied',
    `Applied: ${names(fresh)}${failed.length > 0 ? `; NOT ended well: ${names(failed)}` : ''}`,
    { migrations: fresh.map(({ name }) => name) },
  );
  return afterwards(it, fresh, code);
}

/** By its history. What a tool did outside of a transaction before it failed is there all the same. */
async function nothingApplied(it: Guarding, code: number): Promise<Done> {
  const exit = code === 0 ? 0 : 1;
  if (exit === 0 && it.pending.length > 0)
    await it.told('note', 'It applied nothing, though migrations were pending.');
  const changed = await changedTables(it.client, it.keeping);
  if (changed.length === 0) return finish(it, exit, false);
  await it.told('note', `Not in the history, but changed: ${changed.join(', ')}. What was kept stays.`);
  const red = await watch(it, it.start.windowSeconds * 1000);
  if (red === undefined) return finish(it, exit, true);
  await it.told('red', `Probes of ${it.target.name} are red: ${red.text}`, {
    sqlstate: red.sqlstate ?? null,
  });
  await it.told('proposed', 'Nothing in the history could be rolled back: somebody has to look', {
    migrations: [],
  });
  return finish(it, 5, true);
}

/** An exit status is not believed: the history is read. */
async function newlyApplied({ target, before }: Guarding): Promise<AppliedMigration[]> {
  const known = new Set(before.map(({ name }) => name));
  return (await appliedSoFar(target)).filter(({ name }) => !known.has(name));
}

/** Nothing that goes wrong in it keeps the probes from being watched. */
async function rowsKept(it: Guarding, fresh: readonly AppliedMigration[]): Promise<Sorted> {
  if (it.keeping.tables.length === 0) return { kept: [], incomplete: it.incomplete };
  const nothing = async (why: string): Promise<Sorted> => {
    await it.told('note', why);
    return { kept: [], incomplete: true };
  };
  if (fresh.some(({ ownTransaction }) => ownTransaction)) return nothing(OWN_TRANSACTION);
  try {
    const xids = fresh.map(({ xid }) => xid);
    const { kept, notes } = await whatChanged(it.client, it.keeping, xids);
    for (const note of notes) await it.told('note', note);
    await it.journal.keep(kept.map(asKeptTable));
    const rows = kept.map((one) => `${one.rows} of ${shortName(one.table.name)}`).join(', ');
    if (kept.length > 0) await it.told('kept', `Rows that it changed are kept as they were: ${rows}`);
    return { kept, incomplete: it.incomplete || notes.length > 0 };
  } catch (error) {
    return nothing(
      `The rows that it changed could not be sorted out, so none can be put back: ${errorText(error)}`,
    );
  }
}

const OWN_TRANSACTION =
  'The tool wrote its history in a transaction of its own: which rows the migration wrote cannot be told, so none could be put back.';

interface Sorted {
  readonly kept: readonly Kept[];
  readonly incomplete: boolean;
}

const asKeptTable = ({ table, hit, copy }: Kept): KeptTable => ({
  table: table.name,
  key: [...table.key],
  hit,
  copy,
});

async function afterwards(it: Guarding, fresh: readonly AppliedMigration[], code: number): Promise<Done> {
  const { start, target } = it;
  const { kept, incomplete } = await rowsKept(it, fresh);
  const red = await watch(it, start.windowSeconds * 1000);
  if (red === undefined) {
    await it.told('green', `All probes of ${target.name} stayed green for ${start.windowSeconds} s`);
    return finish(it, code === 0 ? 0 : 1, code !== 0);
  }
  const migrations = fresh.map(({ name }) => name);
  await it.told('red', `Probes of ${target.name} are red: ${red.text}`, { sqlstate: red.sqlstate ?? null });
  if (start.policy === 'propose') {
    const why = `Left in place; its undo is proposed, since targets.${target.name}.guard.undo is propose`;
    await it.told('proposed', why, { migrations });
    return finish(it, 5, true);
  }
  const exit = await undo({ ...it, incomplete }, fresh, kept.map(asKeptTable)).catch(
    async (error: unknown) => {
      await it.told('proposed', `Its undo did not come to its end: ${errorText(error)}`, { migrations });
      return 5 as const;
    },
  );
  const seconds = Math.round((performance.now() - red.since) / 100) / 10;
  if (exit !== 5) await it.told('note', `From the first red probe to green in ${seconds} s`, { seconds });
  return finish(it, exit, true);
}

/** What was kept is of no use once all is well; else it stays, with what the rollback copied. */
async function finish(it: Guarding, exit: GuardExit, stays: boolean): Promise<Done> {
  if (!stays) await forgetKept(it.client, it.keeping).catch(() => undefined);
  else it.say(`What was kept stays in ${it.keeping.schema}.`);
  await it.told('finished', `The guard ended with ${exit}`, { exit });
  return { ok: true, exit };
}

const names = (all: readonly { readonly name: string }[]): string => all.map(({ name }) => name).join(', ');
const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MB`;
