/** What somebody wants of an incident, already understood from their words. */

import type { Effect } from './effects.ts';
import type { EntryKind } from './entry.ts';
import type { Actor, MilestoneName, Role, Severity, Status } from './incident.ts';

export type Intent =
  | { readonly kind: 'update'; readonly by: Actor; readonly text: string }
  | { readonly kind: 'status'; readonly by: Actor; readonly to: Status; readonly message?: string }
  | { readonly kind: 'severity'; readonly by: Actor; readonly to: Severity }
  | { readonly kind: 'role'; readonly by: Actor; readonly role: Role; readonly user: string }
  | {
      readonly kind: 'note';
      readonly by: Actor;
      readonly text: string;
      readonly at?: Date;
      readonly link?: string;
    }
  | { readonly kind: 'milestone'; readonly by: Actor; readonly name: MilestoneName; readonly at: Date }
  | {
      readonly kind: 'escalate';
      readonly by: Actor;
      readonly team: string;
      readonly users: readonly string[];
      readonly reason?: string;
    }
  | {
      readonly kind: 'answer-page';
      readonly by: Actor;
      readonly page: number;
      readonly answer: 'acknowledged' | 'declined';
    }
  | { readonly kind: 'page-unanswered'; readonly page: number }
  | {
      readonly kind: 'add-action';
      readonly by: Actor;
      readonly text: string;
      readonly owner?: string;
      readonly due?: string;
    }
  | { readonly kind: 'finish-action'; readonly by: Actor; readonly number: number }
  | { readonly kind: 'resolve'; readonly by: Actor; readonly message?: string }
  | { readonly kind: 'reopen'; readonly by: Actor; readonly reason: string }
  | { readonly kind: 'cancel'; readonly by: Actor; readonly reason: string }
  | {
      /** What the bot itself did or saw: a run's step, a monitor, a diagnosis. */
      readonly kind: 'record';
      readonly by: Actor;
      readonly entry: EntryKind;
      readonly text: string;
      readonly at?: Date;
      readonly details?: Readonly<Record<string, unknown>>;
      readonly effects?: readonly Effect[];
    };

/** One kind of intent. */
export type Wish<K extends Intent['kind']> = Extract<Intent, { kind: K }>;

/** A new incident; it has no state to decide on yet. */
export interface Declaration {
  readonly by: Actor;
  readonly title: string;
  readonly severity: Severity;
  /** What a monitor already knew. */
  readonly detection?: {
    readonly by: Actor;
    readonly firstFailedAt: Date;
    readonly detectedAt: Date;
    readonly text: string;
  };
}
