/** The effect id that every message of ours carries, unseen: by it a message is found again. */

const EFFECT_EVENT = 'firebreak_effect';

export const metadataOf = (effectId: string) => ({
  event_type: EFFECT_EVENT,
  event_payload: { effect_id: effectId },
});

export const effectIdIn = (
  metadata: { event_type?: string; event_payload?: { effect_id?: unknown } } | undefined,
): unknown => (metadata?.event_type === EFFECT_EVENT ? metadata.event_payload?.effect_id : undefined);
