/** A page that does not reach anybody is told in its incident, with whom to call; all else in the incidents channel. */
import type { App } from '../app/app.ts';
import { isSlackUser } from '../domain/actor.ts';
import type { Effect } from '../domain/effects.ts';
import type { Incident } from '../domain/incident.ts';
import type { Intent } from '../domain/intents.ts';
import { COMMANDER } from '../domain/policy.ts';
import type { OutboxRow } from '../store/outbox.ts';

/** A page that was tried so often is told, though it is tried again. */
export const TOLD_AT_ATTEMPT = 3;

/** Tells a page that was refused, or is not taken yet, and a channel that stays archived; true when it was one. */
export async function tellUnsentPage(
  app: Pick<App, 'act'>,
  { effect }: OutboxRow,
  reason: string,
  final: boolean,
): Promise<boolean> {
  const told = unsent(effect, reason, final);
  if (!told) return false;
  await app.act(told.incident, told.intent);
  return true;
}

function unsent(
  effect: Effect,
  reason: string,
  final: boolean,
): { readonly incident: number; readonly intent: Intent } | undefined {
  if (effect.kind === 'send-page') {
    const { incident, escalation, level, via, action } = effect.page;
    if (action !== 'trigger') return undefined;
    return { incident, intent: { kind: 'way-unsent', escalation, level, way: via, reason, final } };
  }
  if (effect.kind === 'unarchive' && final)
    return {
      incident: effect.incident,
      intent: { kind: 'channel-archived', by: 'firebreak', archived: true },
    };
  if (effect.kind !== 'live' || effect.subject.kind !== 'page' || !final) return undefined;
  const { incident, page } = effect.subject;
  return { incident, intent: { kind: 'page-unsent', page, reason } };
}

/** What nobody else tells, in the incidents channel. A channel that was archived takes no more edits, as is to be expected. */
export function tellRefusal(row: OutboxRow, reason: string): readonly Effect[] {
  return isExpected(row, reason)
    ? []
    : [{ kind: 'say', to: { kind: 'incidents-channel' }, text: `:warning: ${refusalText(row, reason)}` }];
}

/** What of a private incident was refused is told to whoever leads it: in the incidents channel all would learn of it. */
export async function tellPrivately(
  app: Pick<App, 'act' | 'incident'>,
  row: OutboxRow,
  reason: string,
): Promise<boolean> {
  const id = /^incident:(\d+)$/.exec(row.lane)?.[1];
  const incident = id === undefined ? undefined : await app.incident(Number(id));
  if (!incident?.private) return false;
  if (isExpected(row, reason)) return true;
  const text = refusalText(row, reason);
  const effects = leadOf(incident).map(
    (user): Effect => ({ kind: 'say', to: { kind: 'user', id: user }, text: `:warning: ${text}` }),
  );
  await app.act(incident.id, { kind: 'record', by: 'firebreak', entry: 'channel', text, effects });
  return true;
}

const isExpected = ({ effect }: OutboxRow, reason: string): boolean =>
  reason === 'is_archived' && (effect.kind === 'live' || effect.kind === 'topic');

const refusalText = ({ effect, lane }: OutboxRow, reason: string): string =>
  `\`${effect.kind}\` for \`${lane}\` was refused for good: \`${reason}\`. It was not delivered and will not be tried again.`;

const leadOf = ({ roles, declaredBy }: Incident): readonly string[] =>
  [roles[COMMANDER] ?? declaredBy].filter(isSlackUser);
