/** What a question to Slack that got no answer means for the line that asked it. */
import { whyUnanswered } from '../slack/consultation.ts';
import { type Finding, fail, skipped } from './finding.ts';

/** Runs `look`; what Slack does not answer becomes a line, anything else is thrown on. */
export async function asking(
  name: string,
  look: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    return [unanswered(name, error)];
  }
}

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
