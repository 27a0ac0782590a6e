/** A page that reaches nobody and an action item that no tracker takes are told in their incident; all else in the incidents channel. */
import type { App } from '../app/app.ts';
import { isSlackUser } from '../domain/actor.ts';
import type { Destination, Effect } from '../domain/effects.ts';
import type { Intent } from '../domain/intents.ts';
import { COMMANDER } from '../domain/policy.ts';
import type { OutboxRow } from '../store/outbox.ts';

/** What was tried so often is told, though it is tried again. */
export const TOLD_AT_ATTEMPT = 3;

/** Tells what was refused, or is not taken yet: a page, an action item, a channel that stays archived; true when it was one. */
export async function tellUnsent(
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
  if (effect.kind === 'track') {
    const { incident, item: number } = effect;
    return { incident, intent: { kind: 'action-untracked', number, reason, final } };
  }
  if (effect.kind !== 'live' || effect.subject.kind !== 'page' || !final) return undefined;
  const { incident, page } = effect.subject;
  return { incident, intent: { kind: 'page-unsent', page, reason } };
}

/** What nobody else tells, in the incidents channel; of a private incident only to who leads it. */
export async function tellRefusal(
  app: Pick<App, 'incident'>,
  row: OutboxRow,
  reason: string,
): Promise<readonly Effect[]> {
  if (isExpected(row, reason)) return [];
  const to = await placeToTell(app, row.effect);
  if (!to) return [];
  return [
    {
      kind: 'say',
      to,
      text: `:warning: \`${row.effect.kind}\` for \`${row.lane}\` was refused for good: \`${reason}\`. It was not delivered and will not be tried again.`,
    },
  ];
}

/** A channel that was archived takes no more edits, and who has left again hears no whisper. */
const isExpected = ({ effect: { kind } }: OutboxRow, reason: string): boolean =>
  kind === 'whisper' || (reason === 'is_archived' && (kind === 'live' || kind === 'topic'));

async function placeToTell(app: Pick<App, 'incident'>, effect: Effect): Promise<Destination | undefined> {
  const id = incidentIn(effect);
  const incident = id === undefined ? undefined : await app.incident(id);
  if (!incident?.private) return { kind: 'incidents-channel' };
  const user = incident.roles[COMMANDER] ?? incident.declaredBy;
  return isSlackUser(user) ? { kind: 'user', id: user } : undefined;
}

/** The incident that an effect is about, as far as it says. */
function incidentIn(effect: Effect): number | undefined {
  if (effect.kind === 'send-page') return effect.page.incident;
  if ('incident' in effect) return effect.incident;
  if (effect.kind === 'live' && 'incident' in effect.subject) return effect.subject.incident;
  return effect.to.kind === 'incident' ? effect.to.id : undefined;
}
