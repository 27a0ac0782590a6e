/** The contract of a verb of `/incident`: one file in commands/, its name the file's name. */
import type { Incident, Severity } from '../domain/incident.ts';
import type { Offer, Refusal } from '../domain/refusal.ts';
import type { Given } from '../domain/runbook-params.ts';
import type { App, Cause, DeclareWish } from './app.ts';
import type { Group } from './groups.ts';

export interface Request {
  /** Who typed it: a Slack user id, or `terminal:<user>@<host>`. */
  readonly actor: string;
  /** What follows the verb, trimmed. */
  readonly words: string;
  /** The incident of the channel it was typed in, or that was named by number. */
  readonly incident: number | undefined;
  readonly now: Date;
  /** What it comes from, for the command's own transaction; times in the words count from when it was said. */
  readonly cause: Cause & { readonly saidAt: Date };
  /** The message that a declaration is to begin with. */
  readonly source: DeclareWish['source'];
  /** The slash command's name, for texts: `/incident`. */
  readonly command: string;
  /** All verbs, for `help`. */
  readonly commands: readonly Command[];
}

/** What the person who typed gets, seen by them alone; what others see comes from effects. Slack mrkdwn. */
export interface Reply {
  readonly text: string;
  /** The text says why nothing was done. */
  readonly refused?: true;
  /** Of the refusal. */
  readonly code?: string;
  /** What the person may want to say next: a button each in Slack. */
  readonly offers?: readonly Offer[];
  /** What Slack asks for, where it can; elsewhere the text has to do. */
  readonly form?: Form;
}

/** A form, for what the line did not say. `after`: what was asked is done already, and the text is shown too. */
export type Form =
  | { readonly kind: 'declare'; readonly severity: Severity; readonly source?: FormSource }
  | { readonly kind: 'update'; readonly incident: number }
  | { readonly kind: 'escalate'; readonly incident: number }
  | { readonly kind: 'pick'; readonly incident: number; readonly page: number }
  | { readonly kind: 'report'; readonly incident: number; readonly section: number }
  | {
      readonly kind: 'run';
      readonly incident: number;
      readonly runbook: string;
      /** What the line said already. */
      readonly given: Given;
    }
  | { readonly kind: 'wrap-up'; readonly incident: number; readonly after: true };

/** The message that a form was opened on. */
export interface FormSource {
  readonly channel: string;
  readonly ts: string;
  /** Its author, if it has one. */
  readonly user?: string;
  readonly text: string;
}

/** `paged`: whoever was paged, whatever else they may do. */
export type Permission = 'paged' | 'read' | 'declare' | 'respond' | 'dangerous' | 'redact';

export interface Command {
  readonly verb: string;
  /** Where it stands in `help` and in docs/commands.md. */
  readonly group: Group;
  /** Other words for the verb, as people type them. */
  readonly aliases?: readonly string[];
  /** One line for `help`. */
  readonly summary: string;
  /** `declare [sev1-sev5] <title>` */
  readonly usage: string;
  readonly examples: readonly string[];
  /** Rules that the line alone does not tell, a sentence or two each. */
  readonly more?: readonly string[];
  /** `incident`: only in an incident's channel, or with its number. */
  readonly where: 'anywhere' | 'incident';
  /** What follows it is another incident: a number that stands alone names that one. */
  readonly takesIncident?: true;
  /** What it takes; by the words, where the bare verb only reads. */
  readonly permission: Permission | ((words: string, runbooks: App['runbooks']) => Permission);
  /** Said in answer to what stood there at that moment: replayed late, it is not done. */
  readonly expires?: true;
  /** Whether the words are about something of the person's own: that needs neither a right nor a look at the incident. */
  readonly isOwn?: (words: string, incident: Incident, actor: string) => boolean;
  run(request: Request, app: App): Promise<Reply | Refusal>;
}

/** What a verb takes when these words follow it. */
export const permissionOf = (
  { permission }: Pick<Command, 'permission'>,
  words: string,
  runbooks: App['runbooks'] = new Map(),
): Permission => (typeof permission === 'function' ? permission(words, runbooks) : permission);

/** Types a command's definition; the loader checks it against its file. */
export const defineCommand = (command: Command): Command => command;
