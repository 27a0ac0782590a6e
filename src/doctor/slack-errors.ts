/** What a question to Slack that got no answer means for the line that asked it. */
import { whyUnanswered } from '../slack/consultation.ts';
import { examined, type Finding, fail, skipped } from './finding.ts';

/** As `examined`, of a look that asks Slack: what Slack does not answer is told as such. */
export const asking = (
  name: string,
  look: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> =>
  examined(name, () => look().catch((error: unknown) => unanswered(name, error)));

/** A missing scope and a refused token have lines of their own: here nothing could be asked for them. */
function unanswered(name: string, error: unknown): Finding {
  const why = whyUnanswered(error);
  switch (why.kind) {
    case 'wait':
      return skipped(name, `Slack asks to wait ${why.seconds} s.`, 'Run this again after that.');
    case 'silent':
      return fail(name, `Slack does not answer: ${why.reason}.`, NO_ANSWER);
    case 'refused':
      return why.error === 'missing_scope'
        ? skipped(name, `Not asked: the scope ${why.needed ?? 'it takes'} is missing.`)
        : skipped(name, `Not asked: Slack says ${why.error}.`);
  }
}

export const NO_ANSWER =
  'Let this machine reach https://slack.com and wss://*.slack.com; SLACK_API_URL must not be set for Slack itself.';
