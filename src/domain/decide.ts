/** The core: given an incident and what somebody wants, what happens, or why it does not. */
import { withActionReminders } from './decide/action-reminders.ts';
import {
  actionTracked,
  actionUntracked,
  addAction,
  assignAction,
  dueAction,
  finishAction,
  reopenAction,
  wrapUp,
} from './decide/actions.ts';
import { answerPage, escalate, escalationDue, pageUnsent, wayUnsent } from './decide/escalation.ts';
import { assignRole } from './decide/people.ts';
import { dismiss, remind, snooze, withReminders } from './decide/reminders.ts';
import {
  archive,
  cancel,
  changeSeverity,
  changeStatus,
  channelArchived,
  duplicate,
  reopen,
  setMilestone,
} from './decide/state.ts';
import { correct, pick } from './decide/timeline.ts';
import { account, note, record, rename, update } from './decide/words.ts';
import type { Decision, Moment } from './decision.ts';
import { laneOf } from './effects.ts';
import { type Incident, isOpen } from './incident.ts';
import type { Intent } from './intents.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';
import type { Refusal } from './refusal.ts';

/**
 * What the intent makes of the incident. Never awaits; the same input gives the same answer. `said`: when its person said
 * it, not after now.
 */
export function decide(
  incident: Incident,
  intent: Intent,
  now: Date,
  policy: Policy = DEFAULT_POLICY,
  said: Date = now,
): Decision | Refusal {
  const answer = answerTo(incident, intent, { said, now }, policy);
  return answer.ok ? audible(incident, withReminders(answer, policy, now)) : answer;
}

/** An archived channel takes no message: what is said of it later is written down, and shows when it is brought back. */
function audible(before: Incident, made: Decision): Decision {
  // That of an open incident was archived by mistake: its refusals are told elsewhere.
  if (!before.archived || !made.incident.archived || isOpen(made.incident)) return made;
  const lane = `incident:${before.id}`;
  // Somebody waits for a file, and is told when it cannot be sent.
  return { ...made, effects: made.effects.filter((each) => each.kind === 'file' || laneOf(each) !== lane) };
}

/** What only happens once it is decided (a page, an archived channel, what the bot did itself) is of now. */
function answerTo(incident: Incident, intent: Intent, moment: Moment, policy: Policy): Decision | Refusal {
  const { said, now } = moment;
  switch (intent.kind) {
    case 'update':
      return update(incident, intent, moment, policy);
    case 'status':
      return changeStatus(incident, intent, moment, policy);
    case 'severity':
      return changeSeverity(incident, intent, said, policy);
    case 'role':
      return assignRole(incident, intent, moment, policy);
    case 'account':
      return account(incident, intent, said);
    case 'rename':
      return rename(incident, intent, said);
    case 'note':
      return note(incident, intent, said);
    case 'correct':
      return correct(incident, intent, moment, policy);
    case 'pick':
      return pick(incident, intent, said);
    case 'milestone':
      return setMilestone(incident, intent, moment);
    case 'escalate':
      return escalate(incident, intent, now);
    case 'answer-page':
      return answerPage(incident, intent, moment);
    case 'escalation-due':
      return escalationDue(incident, intent, now, policy);
    case 'page-unsent':
      return pageUnsent(incident, intent, now, policy);
    case 'way-unsent':
      return wayUnsent(incident, intent, now, policy);
    case 'add-action':
      return addAction(incident, intent, said, policy);
    case 'finish-action':
      return finishAction(incident, intent, said, policy);
    case 'reopen-action':
      return reopenAction(incident, intent, said, policy);
    case 'assign-action':
      return assignAction(incident, intent, said, policy);
    case 'due-action':
      return dueAction(incident, intent, said, policy);
    case 'action-tracked':
      return actionTracked(incident, intent, now, policy);
    case 'action-untracked':
      return actionUntracked(incident, intent, now, policy);
    case 'resolve':
      return changeStatus(incident, { ...intent, kind: 'status', to: 'resolved' }, moment, policy);
    case 'wrap-up':
      return wrapUp(incident, intent, said, policy);
    case 'reopen':
      return reopen(incident, intent, moment, policy);
    case 'cancel':
      return cancel(incident, intent, moment, policy);
    case 'duplicate':
      return duplicate(incident, intent, moment, policy);
    case 'archive':
      return archive(incident, intent, now);
    case 'channel-archived':
      return channelArchived(incident, intent, said);
    case 'remind':
      return withActionReminders(remind(incident, now, policy), policy, now);
    case 'snooze':
      return snooze(incident, intent, now);
    case 'dismiss':
      return dismiss(incident, intent, now);
    case 'record':
      return record(incident, intent, now);
  }
}
