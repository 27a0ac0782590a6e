/** Reads the end of a server's log: how bad, what for, when; of the texts only those PostgreSQL made itself. */

export interface LogEntry {
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC';
  /** Only what a known message says; anything else could be a customer's words. */
  readonly message: string;
  /** As the log has it, by its own time zone: `2026-11-25 22:04:18`. */
  readonly at?: string;
  /** The disk, the data or the server itself is in danger. */
  readonly grave: boolean;
}

/** An identifier, without what could be anything else: neither spaces nor @. */
const NAME = String.raw`"?[A-Za-z_][\w.$]{0,126}"?`;

const known = (...patterns: readonly string[]): RegExp[] =>
  patterns.map((each) => new RegExp(`^${each.replaceAll('NAME', NAME)}`));

const GRAVE = known(
  'could not (?:extend|write to|fsync|read) (?:file|block|blocks)',
  'could not (?:create|open|access) (?:file|directory) "?(?:base|global|pg_)',
  'invalid page',
  'missing chunk number',
  'could not read block',
  'page verification failed',
  'No space left on device',
  'out of memory',
  'out of shared memory',
  'could not locate a valid checkpoint record',
  'database is not accepting commands',
);

/** Messages whose words are PostgreSQL's own, cut before a value could come. */
const PLAIN = known(
  'relation NAME does not exist',
  'column NAME(?: of relation NAME)? does not exist',
  'function NAME',
  'operator does not exist',
  'type NAME does not exist',
  'schema NAME does not exist',
  'role NAME does not exist',
  'database NAME does not exist',
  'duplicate key value violates unique constraint NAME',
  'insert or update on table NAME violates foreign key constraint NAME',
  'update or delete on table NAME violates foreign key constraint NAME',
  'null value in column NAME of relation NAME violates not-null constraint',
  'new row for relation NAME violates check constraint NAME',
  'conflicting key value violates exclusion constraint NAME',
  'invalid input syntax for type NAME',
  'invalid input value for enum NAME',
  'value too long for type character(?: varying)?',
  'permission denied for (?:table|view|sequence|schema|function|database) NAME',
  'canceling statement due to (?:statement timeout|lock timeout|user request|conflict with recovery)',
  'canceling autovacuum task',
  'terminating connection due to (?:administrator command|idle-in-transaction timeout|conflict with recovery)',
  'deadlock detected',
  'could not serialize access',
  'could not obtain lock on (?:row in )?relation NAME',
  'current transaction is aborted',
  'cannot execute [A-Z ]+ in a read-only transaction',
  'cannot drop (?:table|view|column|function|constraint) NAME',
  'division by zero',
  'syntax error',
  'remaining connection slots are reserved',
  'sorry, too many clients already',
  'too many connections for (?:role|database) NAME',
  'password authentication failed for user NAME',
  'no pg_hba.conf entry',
  'the database system is (?:starting up|shutting down|in recovery mode|not yet accepting connections)',
  'connection to client lost',
  'prepared statement NAME',
  'integer out of range',
  'nextval: reached (?:maximum|minimum) value of sequence NAME',
);

const LEVEL = String.raw`(ERROR|FATAL|PANIC)`;
const FORMATS = [
  // A line on stderr, with the code before the message when the server is told to be verbose.
  new RegExp(`${LEVEL}:  (?:[0-9A-Z]{5}: )?(.*)$`),
  // One line of JSON.
  new RegExp(`"error_severity":"${LEVEL}".*?"message":"((?:[^"\\\\]|\\\\.)*)"`),
  // A row of CSV: level, code, message.
  new RegExp(`,${LEVEL},[0-9A-Z]{5},"((?:[^"]|"")*)`),
];
const TIME = /^(?:\{"timestamp":")?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/;

/** The errors in the text, oldest first; a first line that is cut off is left out. */
export const errorsIn = (text: string): LogEntry[] =>
  text.split('\n').flatMap((line) => {
    const found = FORMATS.map((format) => format.exec(line)).find((match) => match !== null);
    if (found === undefined) return [];
    const at = TIME.exec(line)?.[1];
    const message = (found[2] ?? '').replaceAll('\\"', '"').replaceAll('""', '"');
    const grave = matched(GRAVE, message);
    const severity = found[1] as LogEntry['severity'];
    return [
      {
        severity,
        message: ownWords(message) ?? 'another message (not shown: it may hold data)',
        ...(at === undefined ? {} : { at }),
        grave: grave !== undefined || severity === 'PANIC',
      },
    ];
  });

/** What a message says in PostgreSQL's own words, cut before a value could come; undefined: it could be anybody's. */
export const ownWords = (message: string): string | undefined =>
  matched(GRAVE, message) ?? matched(PLAIN, message);

const matched = (patterns: readonly RegExp[], message: string): string | undefined => {
  for (const pattern of patterns) {
    const [text] = pattern.exec(message) ?? [];
    if (text !== undefined) return text.trim();
  }
  return undefined;
};
