/** The errors in the server's own log since the last look: how many of which kind, on what; never what people wrote. */
import { addUp, bounded, type ErrorCount, relationIn, sliceOf } from '../domain/error-counts.ts';
import { isError } from '../domain/sqlstate.ts';
import { relationAt } from './blame.ts';
import { type Entry, type Format, readEntries } from './log-entries.ts';
import { ownWords } from './log-lines.ts';
import { relationsOf } from './parse.ts';
import { isPrivilege } from './pg-errors.ts';
import { missingForLog, roleOf } from './privileges.ts';
import type { Target } from './target.ts';

/** How far it was read. */
export interface LogPosition {
  readonly file: string;
  /** In bytes. */
  readonly offset: number;
}

export type LogRead =
  | {
      readonly kind: 'read';
      readonly counts: readonly ErrorCount[];
      readonly position: LogPosition;
      /** Bytes that were passed over, since there were more than one look reads. */
      readonly passedOver: number;
    }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly fix: string };

/** What one look reads at most. */
const MOST_BYTES = 1024 * 1024;
/** Older entries say nothing about now: the bot was away. */
const RECENT_MS = 60_000;

/** Reads on from `before`; without it, the last minute. What cannot be read is an answer, with what to do. */
export async function readServerLog(
  target: Target,
  before: LogPosition | undefined,
  now: Date,
): Promise<LogRead> {
  try {
    const log = await findLog(target, before);
    return 'reason' in log ? log : await readOn(target, log, before, now);
  } catch (error) {
    if (!isPrivilege(error)) throw error;
    const { role } = await roleOf(target);
    return { kind: 'unreadable', ...missingForLog(role) };
  }
}

type Unreadable = Extract<LogRead, { kind: 'unreadable' }>;

const unwritten = (reason: string): Unreadable => ({
  kind: 'unreadable',
  reason,
  fix: "Set logging_collector = on and log_destination = 'jsonlog' (csvlog before PostgreSQL 15), and restart the server",
});

/** In CSV the severity is a word of the server's language; in JSON it is not. */
const foreignWords = (language: string): Unreadable => ({
  kind: 'unreadable',
  reason: `The server writes its log as CSV in the language of ${language}, in which an error is not called ERROR.`,
  fix: "Set lc_messages = 'C', or log_destination = 'jsonlog' (from PostgreSQL 15 on), and reload the configuration",
});

const ENGLISH = /^(?:$|C$|C\.|POSIX|en)/i;

interface Log {
  readonly format: Format;
  readonly path: string;
  /** Of the file that is written now, and of the one that was read last. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly database: string;
  /** The wall clock of the log, in its own time zone. */
  readonly clock: string;
}

interface LogRow {
  readonly json: string | null;
  readonly csv: string | null;
  readonly stderr: string | null;
  readonly sizes: readonly { readonly name: string; readonly size: number }[];
  readonly database: string;
  readonly language: string;
  readonly clock: string;
}

const FIND = `
  select f.json, f.csv, pg_current_logfile('stderr') as stderr,
         case when f.json is null and f.csv is null then '[]'::json
              else (select coalesce(json_agg(json_build_object('name', l.name, 'size', l.size)), '[]')
                      from pg_ls_logdir() l
                     where l.name in ($1, regexp_replace(coalesce(f.json, f.csv), '.*/', '')))
          end as sizes,
         current_database() as database,
         current_setting('lc_messages') as language,
         to_char(clock_timestamp() at time zone current_setting('log_timezone'), 'YYYY-MM-DD HH24:MI:SS.MS') as clock
    from (select case when current_setting('server_version_num')::int >= 150000
                      then pg_current_logfile('jsonlog') end as json,
                 pg_current_logfile('csvlog') as csv) f`;

/** The log, or why there is none to read. */
async function findLog(target: Target, before: LogPosition | undefined): Promise<Log | Unreadable> {
  const [row] = await target.read<LogRow>(FIND, [nameOf(before?.file ?? '')]);
  const path = row?.json ?? row?.csv;
  if (row === undefined || path === null || path === undefined) {
    return unwritten(
      row?.stderr
        ? 'The server writes its log as plain text only, in which errors have no code.'
        : 'The server keeps no log files of its own that could be read.',
    );
  }
  if (row.json === null && !ENGLISH.test(row.language)) return foreignWords(row.language);
  const { database, clock } = row;
  const sizes = new Map(row.sizes.map(({ name, size }) => [name, size]));
  return { format: row.json === null ? 'csv' : 'json', path, sizes, database, clock };
}

async function readOn(
  target: Target,
  log: Log,
  before: LogPosition | undefined,
  now: Date,
): Promise<LogRead> {
  const parts = partsOf(log, before);
  const entries: Entry[] = [];
  let offset = 0;
  for (const part of parts) {
    const read = readEntries(await bytesOf(target, part), log.format, part.isCut);
    entries.push(...read.entries);
    offset = part.offset + read.bytes;
  }
  return {
    kind: 'read',
    counts: await countsOf(
      entries.filter((each) => concerns(each, log)),
      log.clock,
      now,
    ),
    position: { file: log.path, offset },
    passedOver: before === undefined ? 0 : parts.reduce((sum, each) => sum + each.passedOver, 0),
  };
}

interface Part {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** It begins somewhere within an entry. */
  readonly isCut: boolean;
  readonly passedOver: number;
}

/** The rest of the file that was read last, when the server writes another one since, and then what is new in that. */
function partsOf(log: Log, before: LogPosition | undefined): readonly Part[] {
  const isSame = before?.file === log.path;
  const current = partOf(log, log.path, isSame ? before.offset : 0);
  if (before === undefined || isSame || !log.sizes.has(nameOf(before.file))) return [current];
  return [partOf(log, before.file, before.offset), current];
}

/** From the offset on, or only the end of it; from the start when it was emptied since. */
function partOf({ sizes }: Log, path: string, from: number): Part {
  const size = sizes.get(nameOf(path)) ?? 0;
  const start = from > size ? 0 : from;
  const passedOver = Math.max(0, size - start - MOST_BYTES);
  return {
    path,
    offset: start + passedOver,
    length: size - start - passedOver,
    isCut: passedOver > 0,
    passedOver,
  };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Bytes, since the end of what is written may be the middle of a character; a file that is gone is empty. */
const TAIL = 'select pg_read_binary_file($1, $2, $3) as tail';

async function bytesOf(target: Target, { path, offset, length }: Part): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  const [row] = await target.read<{ tail: Buffer }>(TAIL, [path, offset, length]);
  return row?.tail ?? Buffer.alloc(0);
}

/** Errors of this database, or of the server itself, that we did not make. */
const concerns = ({ severity, sqlstate, database, application }: Entry, log: Log): boolean =>
  ['ERROR', 'FATAL', 'PANIC'].includes(severity) &&
  /^[0-9A-Z]{5}$/.test(sqlstate) &&
  isError(sqlstate) &&
  (database === '' || database === log.database) &&
  application !== 'firebreak';

async function countsOf(entries: readonly Entry[], clock: string, now: Date): Promise<readonly ErrorCount[]> {
  const relationFor = createBlame();
  const counts: ErrorCount[] = [];
  for (const entry of entries) {
    // Both by the wall clock of the log, whatever its time zone.
    const age = Math.max(0, wallClock(clock) - wallClock(entry.at));
    if (age > RECENT_MS) continue;
    const sample = ownWords(entry.message);
    const relation = relationIn(sample ?? '') ?? (await relationFor(entry));
    counts.push({
      sqlstate: entry.sqlstate,
      count: 1,
      at: sliceOf(new Date(now.getTime() - age)),
      ...(sample === undefined ? {} : { sample }),
      ...(relation === undefined ? {} : { relation }),
    });
  }
  return bounded(addUp(counts));
}

const wallClock = (text: string): number => Date.parse(`${text.slice(0, 23).replace(' ', 'T')}Z`);

/** Finds the table that an error is about by its statement; each statement is read once. */
function createBlame(): (entry: Entry) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>();
  return ({ statement, position }) => {
    const key = `${position} ${statement}`;
    const found = known.get(key) ?? blamed(statement, position).catch(() => undefined);
    known.set(key, found);
    return found;
  };
}

async function blamed(statement: string, position: number): Promise<string | undefined> {
  if (statement === '') return undefined;
  const at = position > 0 ? await relationAt(statement, position) : undefined;
  if (at !== undefined) return at;
  const [only, ...others] = await relationsOf(statement);
  return others.length === 0 ? only : undefined;
}
