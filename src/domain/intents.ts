/** What somebody wants of an incident, already understood from their words. */

import type { Effect } from './effects.ts';
import type { EntryKind } from './entry.ts';
import type {
  Account,
  Actor,
  Kind,
  MilestoneName,
  Role,
  Severity,
  Status,
  TrackedIssue,
} from './incident.ts';
import type { ReminderKind } from './reminders.ts';
import type { PageWay } from './team.ts';
import type { CorrectionKind, Row } from './timeline.ts';

/** Who is asked at one level of a team, as it was found out at the moment of the page. */
export interface Roster {
  readonly level: number;
  /** How many levels the team has. */
  readonly levels: number;
  readonly waitSeconds: number;
  readonly users: readonly string[];
  readonly ways: readonly PageWay[];
  /** What could not be found out: `user group <!subteam^S1>: ratelimited`. */
  readonly problems: readonly string[];
}

export type Intent =
  | { readonly kind: 'update'; readonly by: Actor; readonly text: string }
  | { readonly kind: 'status'; readonly by: Actor; readonly to: Status; readonly message?: string }
  | { readonly kind: 'severity'; readonly by: Actor; readonly to: Severity }
  | {
      /** `over`: whom the person means to replace. Without it a role that somebody holds is not taken from them. */
      readonly kind: 'role';
      readonly by: Actor;
      readonly role: Role;
      readonly user: string;
      readonly over?: string;
    }
  | { readonly kind: 'account'; readonly by: Actor; readonly account: Account; readonly text: string }
  | { readonly kind: 'rename'; readonly by: Actor; readonly title: string }
  | {
      readonly kind: 'note';
      readonly by: Actor;
      readonly text: string;
      readonly at?: Date;
      readonly link?: string;
    }
  | {
      /** People's words in the timeline: edited, taken back, or counted again; the entry as it stands is given. */
      readonly kind: 'correct';
      readonly by: Actor;
      readonly row: Row;
      readonly what: Exclude<CorrectionKind, 'deleted' | 'files'>;
      /** The new text, or why. */
      readonly text: string;
    }
  | {
      /** What the export leaves out; `among` are the numbers that were looked at, all others stay as they are. */
      readonly kind: 'pick';
      readonly by: Actor;
      readonly leftOut: readonly number[];
      readonly among: { readonly from: number; readonly to: number };
    }
  | { readonly kind: 'milestone'; readonly by: Actor; readonly name: MilestoneName; readonly at: Date }
  | {
      readonly kind: 'escalate';
      readonly by: Actor;
      readonly team: string;
      readonly roster: Roster;
      readonly reason?: string;
      /** Though the team is being paged already. */
      readonly again?: true;
    }
  | {
      readonly kind: 'answer-page';
      readonly by: Actor;
      readonly page: number;
      readonly answer: 'acknowledged' | 'declined';
    }
  | {
      /** The wait of a level is over; without a roster there is no further one. */
      readonly kind: 'escalation-due';
      readonly escalation: number;
      readonly level: number;
      readonly roster?: Roster;
    }
  | { readonly kind: 'page-unsent'; readonly page: number; readonly reason: string }
  | {
      /** PagerDuty or a webhook does not take the page: refused for good, or not yet. */
      readonly kind: 'way-unsent';
      readonly escalation: number;
      readonly level: number;
      readonly way: PageWay;
      readonly reason: string;
      readonly final: boolean;
    }
  | {
      readonly kind: 'add-action';
      readonly by: Actor;
      readonly text: string;
      readonly owner?: string;
      readonly due?: string;
    }
  | { readonly kind: 'finish-action'; readonly by: Actor; readonly number: number }
  | { readonly kind: 'reopen-action'; readonly by: Actor; readonly number: number }
  | { readonly kind: 'assign-action'; readonly by: Actor; readonly number: number; readonly owner: string }
  | { readonly kind: 'due-action'; readonly by: Actor; readonly number: number; readonly due: string }
  /** The tracker has it. */
  | { readonly kind: 'action-tracked'; readonly number: number; readonly issue: TrackedIssue }
  | {
      /** The tracker does not take it: refused for good, or not yet. */
      readonly kind: 'action-untracked';
      readonly number: number;
      readonly reason: string;
      readonly final: boolean;
    }
  | { readonly kind: 'resolve'; readonly by: Actor; readonly message?: string }
  | {
      /** What only now is fresh: asked for when an incident was resolved. */
      readonly kind: 'wrap-up';
      readonly by: Actor;
      readonly fix?: string;
      readonly followUps: readonly string[];
    }
  | { readonly kind: 'reopen'; readonly by: Actor; readonly reason: string }
  | { readonly kind: 'cancel'; readonly by: Actor; readonly reason: string }
  | { readonly kind: 'duplicate'; readonly by: Actor; readonly of: number }
  | { readonly kind: 'archive'; readonly by: Actor }
  | {
      /** Somebody did it in Slack. */
      readonly kind: 'channel-archived';
      readonly by: Actor;
      readonly archived: boolean;
    }
  | { readonly kind: 'remind' }
  | {
      readonly kind: 'snooze';
      readonly by: Actor;
      readonly seconds: number;
      /** Which one is meant; the open one unless told. */
      readonly reminder?: ReminderKind;
    }
  | { readonly kind: 'dismiss'; readonly by: Actor; readonly reminder?: ReminderKind }
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
  /** `incident` unless told. */
  readonly kind?: Kind;
  readonly private?: boolean;
  readonly service?: string;
  /** The message it was declared from: it becomes the first entry. */
  readonly source?: {
    readonly by: Actor;
    readonly text: string;
    readonly at: Date;
    readonly link?: string;
  };
  /** What a monitor already knew. */
  readonly detection?: {
    readonly by: Actor;
    readonly firstFailedAt: Date;
    readonly detectedAt: Date;
    readonly text: string;
  };
}
