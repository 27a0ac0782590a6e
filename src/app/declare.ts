/** What `declare` and `drill` do: one line, or a form when it says too little. */
import { isSlackUser } from '../domain/actor.ts';
import type { Incident, Kind } from '../domain/incident.ts';
import type { Proposal } from '../domain/record.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { App } from './app.ts';
import type { Reply, Request } from './command.ts';
import { readDeclare } from './declare-line.ts';
import { refusalText } from './refusal-text.ts';
import { isRefusal } from './words.ts';

export async function declareBy(
  { words, actor, cause, source }: Request,
  app: App,
  kind: Kind,
): Promise<Reply | Refusal> {
  const read = readDeclare(words, app.settings, kind);
  if (isRefusal(read)) return read;
  // Slack asks in a form; who types elsewhere reads what is missing.
  if (read.title === '')
    return {
      text: refusalText(refuse('TITLE_MISSING')),
      refused: true,
      form: { kind: 'declare', severity: read.severity },
    };
  // Nobody would be in its channel, and so nobody could see it.
  if (read.private && !isSlackUser(actor))
    return refuse('ONLY_FROM_SLACK', {
      verb: 'declare --private',
      example: 'declare --private sev2 a key has leaked',
    });
  const done = await app.declare({ by: actor, ...read, ...(source ? { source } : {}) }, cause);
  if (!done.ok) return done;
  const took = done.proposal ? ` It takes over what ${seerOf(done.proposal)}.` : '';
  return { text: declaredText(done.incident) + took };
}

const seerOf = ({ monitor, foreign }: Proposal): string =>
  foreign ? `\`${monitor}\` told` : `monitor \`${monitor}\` saw`;

/** What the person who declared reads at once, before the channel is there. */
function declaredText({ id, severity, title, kind, private: hidden }: Incident): string {
  const what = { incident: 'Incident', drill: 'Drill', retrospective: 'Retrospective incident' }[kind];
  const whose = hidden ? ' Its private channel is being opened' : ' Its channel is being opened';
  return `:rotating_light: ${what} ${id} (${severity}) declared: *${title}*.${whose}.`;
}
