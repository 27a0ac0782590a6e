/** How a verb that failed ends: what happened and what to do on stderr, and the exit code. */
import { CommanderError } from 'commander';
import { logLevelOf } from '../config.ts';
import type { Refusal } from '../domain/refusal.ts';
import { explainRefusal, FirebreakError } from '../errors.ts';

/** Tells what went wrong; 0 when nothing did (help was asked for), 1 refused or failed, 2 wrong usage. */
export function report(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof FirebreakError) tell(error.message, error.fix);
  else tell(lineOf(error), fixOf(error));
  if (logLevelOf() === 'debug' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return 1;
}

/** Ends the verb as refused. */
export function refused(refusal: Refusal): void {
  const { message, fix } = explainRefusal(refusal);
  tell(message, fix);
  process.exitCode = 1;
}

const tell = (message: string, fix: string): void => void process.stderr.write(`${message}\n${fix}\n`);

/** A connection that fails on every address of a name has no message of its own, only those of its attempts. */
function lineOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(lineOf).join('; ');
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}

const FIXES: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path.',
  ENOTDIR: 'Check the path.',
  EISDIR: 'Name a file, not a folder.',
  EACCES: 'Give yourself the rights to it, or name another one.',
  ECONNREFUSED: 'Check that the server is up, and the host and port of its URL.',
  ENOTFOUND: 'Check the host of the URL.',
  ETIMEDOUT: 'Check that the server can be reached from here.',
  '42P01': 'Check where it is kept: for a migration history, set targets.<name>.history.table.',
  '28P01': 'Check the user and password of the URL.',
  '28000': 'Check the user of the URL, and pg_hba.conf of the server.',
  '3D000': 'Check the database name of the URL.',
  '42501': 'GRANT the role what the message names.',
};

function fixOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return FIXES[code] ?? 'Run it again with LOG_LEVEL=debug to see where this came from.';
}
