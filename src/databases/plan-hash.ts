/** The hash of a plan: what an approval is bound to. */
import { createHash } from 'node:crypto';
import type { Plan } from '../domain/plan.ts';

/** SHA-256 over what will be done: kind, target, identity, SQL and inputs; figures and words are left out. */
export function planHash(plan: Pick<Plan, 'kind' | 'target' | 'identity' | 'sql' | 'inputs'>): string {
  const { kind, target, identity, sql, inputs } = plan;
  return createHash('sha256').update(canonical({ kind, target, identity, sql, inputs })).digest('hex');
}

/** A plan with its hash. */
export const sealed = (plan: Omit<Plan, 'hash'>): Plan => ({ ...plan, hash: planHash(plan) });

/** JSON with the keys in order, so that a plan that went through a store keeps its hash. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null)
    return value === undefined ? 'null' : JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
