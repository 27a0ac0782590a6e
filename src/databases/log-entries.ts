/** Entries of a server's log as it writes them for programs: a line of JSON, or a record of CSV, each. */

export type Format = 'json' | 'csv';

export interface Entry {
  /** As the log has it, by its own time zone: `2026-11-25 22:04:18.123`. */
  readonly at: string;
  /** Empty for the server's own processes. */
  readonly database: string;
  readonly application: string;
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly statement: string;
  /** In the statement, characters from 1; 0 when it is not known. */
  readonly position: number;
}

/** The entries that are whole, and how many bytes they take; `isCut`: the first one may have lost its beginning. */
export function readEntries(
  bytes: Buffer,
  format: Format,
  isCut: boolean,
): { readonly entries: readonly Entry[]; readonly bytes: number } {
  // A character a byte, so that places in the text are places in the file.
  const text = bytes.toString('latin1');
  const entries: Entry[] = [];
  // Also where an earlier look had to leave off within an entry: in CSV its quotes would turn all that follows inside out.
  const start = nextStart(text, 0, format);
  let at = isCut || start < text.length ? start : 0;
  for (let end = endOf(text, at, format); end !== undefined; end = endOf(text, at, format)) {
    const record = text.slice(at, end);
    const isEntry = nextStart(record, 0, format) === 0;
    const entry = isEntry ? ENTRY[format](record) : undefined;
    if (entry) entries.push(entry);
    // What does not begin as an entry is the rest of one: the file was begun anew, or its server crashed.
    at = isEntry ? end : nextStart(text, at + 1, format);
  }
  return { entries, bytes: at };
}

const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} `;
const START: Readonly<Record<Format, RegExp>> = {
  json: new RegExp(String.raw`^\{"timestamp":"${TIME}`, 'gm'),
  csv: new RegExp(String.raw`^${TIME}[^,\s]+,["\d,]`, 'gm'),
};

/** Where the next line begins that looks like an entry; the end when none does. */
function nextStart(text: string, from: number, format: Format): number {
  const start = START[format];
  start.lastIndex = from;
  return start.exec(text)?.index ?? text.length;
}

/** Behind the record that begins here: its line, in CSV with the lines that its quotes hold; undefined: not all of it is there. */
function endOf(text: string, from: number, format: Format): number | undefined {
  let isQuoted = false;
  for (let start = from; ; ) {
    const end = text.indexOf('\n', start);
    if (end < 0) return undefined;
    if (format === 'csv' && quotesIn(text.slice(start, end)) % 2 === 1) isQuoted = !isQuoted;
    if (!isQuoted) return end + 1;
    start = end + 1;
  }
}

const quotesIn = (text: string): number => text.split('"').length - 1;

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

function jsonEntry(record: string): Entry | undefined {
  let row: Readonly<Record<string, unknown>>;
  try {
    row = JSON.parse(utf8(record)) as typeof row;
  } catch {
    return undefined;
  }
  const text = (key: string): string => {
    const value = row[key];
    return typeof value === 'string' ? value : '';
  };
  return {
    at: text('timestamp'),
    database: text('dbname'),
    application: text('application_name'),
    severity: text('error_severity'),
    sqlstate: text('state_code'),
    message: text('message'),
    statement: text('statement'),
    position: Number(row['cursor_position'] ?? 0),
  };
}

/** The columns as the documentation of csvlog lists them, from 0. */
function csvEntry(record: string): Entry | undefined {
  const fields = fieldsOf(record);
  if (fields.length <= 13) return undefined;
  const text = (column: number): string => utf8(fields[column] ?? '');
  return {
    at: text(0),
    database: text(2),
    severity: text(11),
    sqlstate: text(12),
    message: text(13),
    statement: text(19),
    position: Number(text(20)),
    application: text(22),
  };
}

/** The fields of a record of CSV: quoted ones with doubled quotes, or bare ones. */
function fieldsOf(record: string): readonly string[] {
  const fields: string[] = [];
  for (const [, quoted, bare = ''] of record.trimEnd().matchAll(FIELD))
    fields.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
  return fields;
}

const FIELD = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;

const ENTRY: Readonly<Record<Format, (record: string) => Entry | undefined>> = {
  json: jsonEntry,
  csv: csvEntry,
};
