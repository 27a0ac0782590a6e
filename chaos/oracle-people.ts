/** What people asked for beside what came of it, and what they were told. Pure. */
import type { Facts } from './oracle.ts';
import { OFFER } from './oracle-slack.ts';
import type { Said } from './people.ts';
import { CORRECTED } from './plan.ts';

export function kept(said: Said, facts: Facts): readonly string[] {
  return [...asTold(said, facts), ...toldWhenUndone(said, facts), ...answeredOnce(said, facts)];
}

/** How often a thing may have happened, by what its person was told. */
export function bounds(said: Said, inbox: string | undefined): readonly [number, number] {
  const { told, acked } = said;
  if (inbox === 'refused' || inbox === 'expired') return [0, 0];
  if (/unless it has begun already/.test(told)) return [0, 1];
  if (inbox === 'done') return isRefusal(told) ? [0, 0] : [1, 1];
  if (/\*not recorded\*|\*refused\*|was \*not\* run/.test(told)) return [0, 0];
  if (/may not have been recorded/.test(told)) return [0, 1];
  // Nobody promised anything, and nothing was written down.
  return acked ? [1, 1] : [0, 0];
}

/** The verb itself said no, perhaps after other words to the same person. */
export const isRefusal = (told: string): boolean => /^:no_entry/m.test(told);

const rowOf = ({ user }: Said, { inbox }: Facts): Facts['inbox'][number] | undefined =>
  inbox.find((row) => row.user === user);

function asTold(said: Said, facts: Facts): readonly string[] {
  const count = counted(said, facts);
  if (count === undefined) return [];
  const inbox = rowOf(said, facts)?.state;
  const [promised, most] = bounds(said, inbox);
  const least = mayHaveBeenRefused(said, facts) ? 0 : promised;
  if (count >= least && count <= most) return [];
  const told = said.told === '' ? 'nothing' : `"${said.told.slice(0, 160)}"`;
  const how = `${said.acked ? 'acked' : 'not acked'}, row ${inbox ?? 'none'}, told ${told}`;
  return [
    `${said.kind} ${said.token} of ${said.user} took effect ${count} times, not ${least} to ${most}: ${how}`,
  ];
}

/** A private answer is sent once at most, and a refusal is nothing else: what can be refused may have been. */
const mayHaveBeenRefused = (said: Said, facts: Facts): boolean =>
  answersTo(said, facts).length === 0 &&
  (said.kind === 'line' || (said.kind === 'danger' && isOver(said, facts)));

/** A run is refused by an incident that was resolved before it got there. */
const isOver = ({ incident }: Said, { incidents, entries }: Facts): boolean =>
  homesOf(incident, incidents).some((home) =>
    entries.some(
      (entry) => entry.incident === home && entry.kind === 'status' && /→ resolved/.test(entry.text),
    ),
  );

/** Who had to say it again has perhaps declared it twice. */
const homesOf = (incident: number, incidents: Facts['incidents']): readonly number[] =>
  incidents.filter(({ title }) => title.includes(`inc${incident}t`)).map(({ id }) => id);

/** How often it took effect; undefined for what cannot be told apart. */
function counted({ kind, token, incident, user }: Said, facts: Facts): number | undefined {
  const entries = (wanted: string): number =>
    facts.entries.filter((entry) => entry.kind === wanted && entry.text.includes(token)).length;
  const homes = homesOf(incident, facts.incidents);
  const strays = facts.entries.filter(
    (entry) => entry.text.includes(token) && !homes.includes(entry.incident),
  ).length;
  switch (kind) {
    case 'declare':
      return facts.incidents.filter(({ title }) => title.includes(token)).length;
    case 'action':
      return facts.actions.filter((text) => text.includes(token)).length;
    case 'note':
    case 'update':
    case 'impact':
      return entries(kind) + strays;
    case 'captured':
      return entries('message') + strays;
    case 'corrected':
      return (entries('message') === 1 ? corrections(token, facts) : entries('message')) + strays;
    case 'danger':
      return facts.runs.filter((run) => run.token === token).length;
    case 'line': {
      const made = ENTRIES.find(([line]) => line.test(token))?.[1];
      if (made === undefined) return undefined;
      return facts.entries.filter((entry) => entry.kind === made && entry.user === user).length;
    }
    default:
      return undefined;
  }
}

/** Of a message that was edited, what it says now stands there once: it was captured so, or the entry was corrected. */
const corrections = (token: string, { entries }: Facts): number =>
  entries.filter(
    ({ kind, text }) => /^(message|correction)$/.test(kind) && text.includes(`${CORRECTED} ${token}`),
  ).length;

/** The entry that a line makes, in the name of whoever says it; what only looks makes none. */
const ENTRIES: readonly (readonly [RegExp, string])[] = [
  [/^(lead|role) ?/, 'role'],
  [/^severity /, 'severity'],
  [/^(status .|resolve )/, 'status'],
  [/^escalate /, 'page'],
  [/^ack/, 'answer'],
  [/^run /, 'run'],
  [/^postmortem/, 'export'],
];

/** Who asked for what was recorded and then not done was told so at once, or has a direct message. */
function toldWhenUndone(said: Said, facts: Facts): readonly string[] {
  const { kind, token, user } = said;
  const row = rowOf(said, facts);
  if (row?.state !== 'expired' && row?.state !== 'refused') return [];
  if (/\*refused\*|was not done|may still be done/.test(said.told)) return [];
  const told = facts.messages.filter(({ text }) => text.includes(row.text) && text.includes('was *not* run'));
  return told.length === 1
    ? []
    : [
        `${kind} ${token} of ${user} was not run (${row.state}), and its person was told so ${told.length} times`,
      ];
}

/** What took effect is answered once at most; what was only answered can be so again by who did not hear of it. */
function answeredOnce(said: Said, facts: Facts): readonly string[] {
  if (said.kind === 'approve') return [];
  const answers = answersTo(said, facts);
  const most = counted(said, facts) ? 1 : 2;
  return answers.length <= most
    ? []
    : [
        `${said.kind} ${said.token} of ${said.user} was answered ${answers.length} times: ${answers.join(' | ')}`,
      ];
}

const answersTo = ({ user }: Said, { whispers }: Facts): readonly string[] =>
  whispers.flatMap(({ to, text }) => (to === user && !OFFER.test(text) && !INTERIM.test(text) ? [text] : []));

/** Words after which the answer itself is still to come. */
const INTERIM =
  /Still working on it|is kept on disk|is recorded and will be done|may not have been recorded|unless it has begun already|may still be done by itself/;
