/** The contract of a check: one question to a database, answered within seconds. */
import type { CheckResult } from '../domain/sweep.ts';
import { loadFolder } from '../load-folder.ts';
import type { Target } from './target.ts';

/** From where a figure is a warning, and from where it is critical. */
export interface Limits {
  readonly warn: number;
  readonly crit: number;
}

export interface CheckContext {
  readonly now: Date;
  readonly limits: Limits;
}

/** What a check finds; its name is filled in by whoever runs it. */
export type Finding = Omit<CheckResult, 'check'>;

export interface Check {
  /** The name of its file. */
  readonly name: string;
  readonly order: number;
  /** Part of the sweep; the others are asked for by name. */
  readonly firstMinutes: boolean;
  readonly limits: Limits;
  /** How long all of it may take. */
  readonly timeoutMs: number;
  run(target: Target, context: CheckContext): Promise<Finding>;
}

type Definition = Omit<Check, 'limits' | 'timeoutMs'> & Partial<Pick<Check, 'limits' | 'timeoutMs'>>;

/** Defines one check. */
export const defineCheck = (definition: Definition): Check => ({
  limits: { warn: Infinity, crit: Infinity },
  timeoutMs: 5000,
  ...definition,
});

/** Every check of the folder `checks`, in the order in which a sweep runs them. */
export async function loadChecks(): Promise<readonly Check[]> {
  const checks = await loadFolder<Check>(new URL('./checks/', import.meta.url), ({ name }) => name);
  return [...checks].sort((a, b) => a.order - b.order);
}

/** The status a figure has earned. */
export function judge(figure: number, limits: Limits): 'ok' | 'warn' | 'crit' {
  if (figure >= limits.crit) return 'crit';
  return figure >= limits.warn ? 'warn' : 'ok';
}
