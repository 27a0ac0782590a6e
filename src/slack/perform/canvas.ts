/** The canvas of an incident's channel, with the draft of its postmortem. A comfort: the file holds the same and more. */
import type { Effect } from '../../domain/effects.ts';
import { forgetPlace, placeOf, savePlace } from '../../store/live-messages.ts';
import { type Attempt, type Performing, present } from './context.ts';
import { slackError } from './verdict.ts';

type CanvasEffect = Extract<Effect, { kind: 'canvas' }>;

/** Slack takes no more of Markdown. */
const LONGEST = 100_000;
/** Slack itself is ill: another attempt is worth it. */
const PASSING = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'ratelimited',
]);

/**
 * Where there can be none (the plan, the settings, a scope, a canvas of people in its place), only the log hears of it.
 * After a lost answer to the first attempt the canvas is taken for one of people, and stays as it was made.
 */
export async function canvas(effect: CanvasEffect, _: Attempt, on: Performing): Promise<void> {
  try {
    if (!(await rewritten(effect, on))) await made(effect, on);
  } catch (error) {
    const reason = slackError(error);
    if (reason === undefined || PASSING.has(reason)) throw error;
    on.log.warn({ incident: effect.incident, reason }, 'the postmortem is in no canvas');
  }
}

const slotOf = ({ incident }: CanvasEffect): string => `canvas:${incident}`;

/** False when there is none of ours any more. */
async function rewritten(effect: CanvasEffect, { client, store }: Performing): Promise<boolean> {
  const place = await placeOf(store, slotOf(effect));
  if (!place) return false;
  try {
    await client.canvases.edit({
      canvas_id: place.ts,
      changes: [{ operation: 'replace', document_content: contentOf(effect) }],
    });
    return true;
  } catch (error) {
    if (slackError(error) !== 'canvas_not_found') throw error;
    await forgetPlace(store, slotOf(effect));
    return false;
  }
}

async function made(effect: CanvasEffect, { client, store, app }: Performing): Promise<void> {
  const { channelId: channel } = present(await app.incident(effect.incident), `incident ${effect.incident}`);
  // Its lane is its own: the channel may still be under way.
  if (channel === undefined) throw new Error('the channel of the incident is not there yet');
  const { canvas_id: id } = await client.conversations.canvases.create({
    channel_id: channel,
    title: effect.title,
    document_content: contentOf(effect),
  });
  await savePlace(store, slotOf(effect), { channel, ts: present(id, 'the canvas') });
}

const MORE = '\n\nThe rest is in the file.\n';

function contentOf({ markdown }: CanvasEffect): { readonly type: 'markdown'; readonly markdown: string } {
  if (markdown.length <= LONGEST) return { type: 'markdown', markdown };
  const cut = markdown.slice(0, LONGEST - MORE.length).replace(/\n[^\n]*$/, '');
  return { type: 'markdown', markdown: `${cut}${MORE}` };
}
