/** A page that reaches nobody and an action item that no tracker takes are told in their incident; all else in the incidents channel. */
import type { App } from '../app/app.ts';
import type { Effect } from '../domain/effects.ts';
import type { Intent } from '../domain/intents.ts';
import type { OutboxRow } from '../store/outbox.ts';

/** What was tried so often is told, though it is tried again. */
export const TOLD_AT_ATTEMPT = 3;

/** Tells a page or an action item that was refused, or is not taken yet; true when it was one. */
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
  if (effect.kind === 'track') {
    const { incident, item: number } = effect;
    return { incident, intent: { kind: 'action-untracked', number, reason, final } };
  }
  if (effect.kind !== 'live' || effect.subject.kind !== 'page' || !final) return undefined;
  const { incident, page } = effect.subject;
  return { incident, intent: { kind: 'page-unsent', page, reason } };
}

/** What nobody else tells, in the incidents channel. A channel that was archived takes no more edits, as is to be expected. */
export function tellRefusal(row: OutboxRow, reason: string): readonly Effect[] {
  const expected = reason === 'is_archived' && (row.effect.kind === 'live' || row.effect.kind === 'topic');
  if (expected) return [];
  return [
    {
      kind: 'say',
      to: { kind: 'incidents-channel' },
      text: `:warning: \`${row.effect.kind}\` for \`${row.lane}\` was refused for good: \`${reason}\`. It was not delivered and will not be tried again.`,
    },
  ];
}
