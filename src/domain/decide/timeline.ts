/** The timeline is never rewritten: people's words are corrected by further entries, what the bot recorded stands. */
import { person } from '../actor.ts';
import { announcement, card, type Decision, decision, entry, type Moment, say } from '../decision.ts';
import type { Effect } from '../effects.ts';
import { ACCOUNTS, type Account, type Incident } from '../incident.ts';
import type { Wish } from '../intents.ts';
import type { Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tellStakeholders } from '../stakeholders.ts';
import { correctable, correction, type Row } from '../timeline.ts';
import { formatUtc } from '../when.ts';
import { ACCOUNT_TITLES } from './words.ts';

type Correct = Wish<'correct'>;

/** Edits, strikes or restores an entry; what everybody was told before is told again as it now stands. */
export function correct(
  incident: Incident,
  wish: Correct,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  const { row, what, by } = wish;
  const text = what === 'text' ? framed(row, wish.text) : givenReason(wish.text, NO_REASON[what]);
  const refused = refuseCorrection(row, what, text);
  if (refused) return refused;
  const after = restated(incident, row, what, what === 'text' ? text : row.text);
  return decision(
    after,
    [correction(what, row.seq, by, text, moment.said)],
    [
      ...told(incident, wish, text),
      ...(after === incident ? [] : [card(after), ...announcement(after)]),
      ...(row.kind === 'update' && what === 'text' ? tellStakeholders(after, text, policy, moment) : []),
    ],
  );
}

function refuseCorrection(row: Row, what: Correct['what'], text: string): Refusal | undefined {
  const { seq, kind } = row;
  if (!correctable(kind)) return refuse('ENTRY_IS_RECORD', { found: seq, kind, instead: insteadOf(kind) });
  if (row.text === undefined) return refuse('ENTRY_ERASED', { found: seq });
  if (what === 'restored') return row.struck ? undefined : refuse('ENTRY_NOT_STRUCK', { found: seq });
  if (row.struck)
    return refuse('ENTRY_STRUCK', {
      found: seq,
      by: person(row.struck.by),
      at: formatUtc(row.struck.at),
    });
  if (what !== 'text') return undefined;
  if (text.trim() === '') return refuse('TEXT_MISSING', { what: 'edit', example: `timeline edit ${seq} …` });
  return text === row.text ? refuse('ENTRY_SAME', { found: seq }) : undefined;
}

/** A line of the timeline is never empty. */
const NO_REASON = { struck: 'no reason given', restored: 'it counts again' } as const;

const givenReason = (reason: string, none: string): string => (reason.trim() === '' ? none : reason);

/** The verb that mends such a fact, where there is one. */
const INSTEAD: Readonly<Partial<Record<Row['kind'], string>>> = {
  milestone: 'milestone mitigated 14:05',
  title: 'rename <title>',
  severity: 'severity sev2',
  status: 'status mitigated',
  role: 'role scribe @dba',
};

const insteadOf = (kind: Row['kind']): string => INSTEAD[kind] ?? 'note <what was wrong with it>';

const accountOf = ({ kind }: Row): Account | undefined => ACCOUNTS.find((account) => account === kind);

const titled = (account: Account, text: string): string => `${ACCOUNT_TITLES[account]}: ${text}`;

/** The entry of an account says of what it is; who edits it need not. */
function framed(row: Row, typed: string): string {
  const account = accountOf(row);
  if (account === undefined || typed.trim() === '') return typed;
  const title = titled(account, '');
  return typed.startsWith(title) ? typed : title + typed;
}

/** The incident with what is shown of that entry, where it is the one that is shown. */
function restated(incident: Incident, row: Row, what: Correct['what'], text: string | undefined): Incident {
  const account = accountOf(row);
  if (account !== undefined) return withAccount(incident, account, row, what, text);
  if (row.kind !== 'update') return incident;
  const { lastUpdate, ...rest } = incident;
  if (what === 'restored')
    return lastUpdate === undefined && text !== undefined
      ? { ...rest, lastUpdate: { at: row.at, by: row.actor, text } }
      : incident;
  if (lastUpdate?.text !== row.text || lastUpdate?.by !== row.actor) return incident;
  // What was told does not count any more: the next update is due as if it had not been.
  return what === 'struck' || text === undefined ? rest : { ...rest, lastUpdate: { ...lastUpdate, text } };
}

function withAccount(
  incident: Incident,
  account: Account,
  row: Row,
  what: Correct['what'],
  text: string | undefined,
): Incident {
  const { [account]: said, ...others } = incident.accounts;
  const bare = text?.slice(titled(account, '').length);
  if (what === 'restored')
    return said === undefined && bare !== undefined
      ? { ...incident, accounts: { ...others, [account]: bare } }
      : incident;
  if (said === undefined || titled(account, said) !== row.text) return incident;
  return {
    ...incident,
    accounts: what === 'struck' || bare === undefined ? others : { ...others, [account]: bare },
  };
}

const DONE: Readonly<Record<Correct['what'], string>> = {
  text: 'corrected by',
  struck: 'taken back by',
  restored: 'counted again by',
};

/** Only what the channel was told is told anew; a note was told to nobody. */
function told(incident: Incident, { row, what, by }: Correct, text: string): readonly Effect[] {
  if (row.kind === 'note' || row.kind === 'message') return [];
  const which = row.kind === 'update' ? `*Update* of ${formatUtc(row.at)}` : `*${row.kind}*`;
  return [say(incident, `:pencil2: ${which} ${DONE[what]} ${person(by)}: ${text}`)];
}

/** Sets what the export leaves out among the numbers that were looked at. */
export function pick(incident: Incident, { by, leftOut, among }: Wish<'pick'>, now: Date): Decision {
  const within = (seq: number): boolean => seq >= among.from && seq <= among.to;
  const kept = incident.leftOut.filter((seq) => !within(seq));
  const next = [...new Set([...kept, ...leftOut.filter(within)])].sort((a, b) => a - b);
  if (next.join() === incident.leftOut.join()) return decision(incident, [], []);
  const words =
    next.length === 0 ? 'Nothing is left out of the export' : `Left out of the export: ${next.join(', ')}`;
  return decision({ ...incident, leftOut: next }, [entry(now, 'export', by, words, { left_out: next })], []);
}
