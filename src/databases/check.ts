/** The contract of a check: one question to a database, answered within seconds. */
import type { CheckResult } from '../domain/sweep.ts';
import { loadFolder, namesIn } from '../load-folder.ts';
import type { Target } from './target.ts';

/** From where a figure is a warning, and from where it is critical; the check says of what, and whose limits they are. */
export interface Limits {
  readonly warn: number;
  readonly crit: number;
}

export interface CheckContext {
  readonly now: Date;
  readonly limits: Limits;
  /** The server's major version, for SQL that differs: 18. */
  readonly version: number;
}

/** What a check finds; its name is filled in by whoever runs it. */
export type Finding = Omit<CheckResult, 'check'>;

export interface Check {
  /** The name of its file. */
  readonly name: string;
  /** What it looks at, in a line. */
  readonly title: string;
  readonly order: number;
  /** Part of the sweep; the others are asked for by name. */
  readonly firstMinutes: boolean;
  /** What the diag role needs for it, as a person would grant it: `none`, `pg_monitor`, `SELECT on the tables`. */
  readonly privilege: string;
  /** What it may cost or wait for, in a sentence: `none`, `waits behind an ACCESS EXCLUSIVE lock`. */
  readonly danger: string;
  /** The oldest major version that has what it reads; on an older one it is skipped. */
  readonly since: number;
  readonly limits: Limits;
  /** What the limits count, in words: `s that a statement has been running`. */
  readonly unit: string;
  /** Where the limits come from: a tool, a document, or `ours`. */
  readonly source: string;
  /** How long all of it may take. */
  readonly timeoutMs: number;
  run(target: Target, context: CheckContext): Promise<Finding>;
}

type Optional = 'limits' | 'unit' | 'source' | 'timeoutMs' | 'since';
type Definition = Omit<Check, Optional> & Partial<Pick<Check, Optional>>;

/** The oldest server that checks are written for. */
export const OLDEST = 13;

/** Defines one check. */
export const defineCheck = (definition: Definition): Check => ({
  limits: { warn: Infinity, crit: Infinity },
  unit: '',
  source: 'it has no limits',
  timeoutMs: 5000,
  since: OLDEST,
  ...definition,
});

const CHECKS = new URL('./checks/', import.meta.url);

/** The names of all checks. */
export const checkNames = (): readonly string[] => namesIn(CHECKS);

/** Every check of the folder `checks`, in the order in which a sweep runs them. */
export async function loadChecks(): Promise<readonly Check[]> {
  const checks = await loadFolder<Check>(CHECKS, ({ name }) => name);
  return [...checks].sort((a, b) => a.order - b.order);
}

/** The status a figure has earned. */
export function judge(figure: number, limits: Limits): 'ok' | 'warn' | 'crit' {
  if (figure >= limits.crit) return 'crit';
  return figure >= limits.warn ? 'warn' : 'ok';
}
