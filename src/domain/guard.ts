/** A guarded deploy as its journal in the target tells it. */
import type { CapturedMigration } from './plan.ts';

export type GuardEventKind =
  | 'started'
  | 'kept'
  | 'command'
  | 'applied'
  | 'red'
  | 'rolled-back'
  | 'restored'
  | 'proposed'
  | 'note'
  | 'lifted'
  | 'green'
  | 'finished';

export interface GuardEvent {
  /** From 1. */
  readonly n: number;
  readonly at: Date;
  readonly kind: GuardEventKind;
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface GuardSeen {
  readonly id: string;
  /** `terminal:<user>@<host>` */
  readonly by: string;
  readonly migrations: readonly CapturedMigration[];
  /** Its connection is there. */
  readonly alive: boolean;
  readonly events: readonly GuardEvent[];
}

const has = ({ events }: GuardSeen, kind: GuardEventKind): boolean => events.some((it) => it.kind === kind);

/** It is gone without having come to its end. */
export const died = (guard: GuardSeen): boolean => !guard.alive && !has(guard, 'finished');

/** What it applied is red, or nobody watches it any more: an incident. */
export const isIncident = (guard: GuardSeen): boolean => has(guard, 'red') || died(guard);

/** The newest migration whose undo people have to decide on; it is not rolled back. */
export function toPropose(guard: GuardSeen): string | undefined {
  if (!has(guard, 'proposed') && !died(guard)) return undefined;
  const undone = new Set(
    guard.events.flatMap((it) => (it.kind === 'rolled-back' ? [it.details['migration']] : [])),
  );
  const applied = guard.events.find(({ kind }) => kind === 'applied')?.details['migrations'];
  const names = Array.isArray(applied) ? applied.map(String) : [];
  return names.find((name) => !undone.has(name));
}
