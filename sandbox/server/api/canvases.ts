/** Canvases, the tab of a channel above all. */
import { z } from 'zod';
import { createCanvas, editCanvas, findSections } from '../acts/canvases.ts';
import type { Slack } from '../context.ts';
import type { Canvas } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { defineMethod, embedded, open, word } from './define.ts';

const MAX_MARKDOWN = 100_000;
const write = ['canvases:write'];
const content = z.strictObject({ type: z.literal('markdown'), markdown: z.string().max(MAX_MARKDOWN) });
const change = z.strictObject({
  operation: z.enum([
    'insert_at_start',
    'insert_at_end',
    'insert_before',
    'insert_after',
    'replace',
    'delete',
    'rename',
  ]),
  section_id: z.string().optional(),
  document_content: content.optional(),
  title_content: content.optional(),
});
const criteria = z
  .strictObject({
    section_types: z.array(z.enum(['any_header', 'h1', 'h2', 'h3'])).optional(),
    contains_text: z.string().optional(),
  })
  .refine((given) => Object.keys(given).length > 0, { message: 'must have at least one criterion' });

export const canvasMethods = [
  defineMethod(
    'conversations.canvases.create',
    { scopes: write, tier: 2 },
    z.object({ channel_id: word, title: word.optional(), document_content: embedded(content.optional()) }),
    (slack, args) => {
      const channel = open(slack, args.channel_id);
      const present = [...slack.world.canvases.values()].some((one) => one.channel === channel.id);
      if (present) throw new SlackError('channel_canvas_already_exists');
      const { title = '', document_content } = args;
      const canvas = createCanvas(slack, channel.id, title, document_content?.markdown ?? '');
      return { canvas_id: canvas.id };
    },
  ),
  defineMethod(
    'canvases.edit',
    { scopes: write, tier: 3 },
    z.object({ canvas_id: word, changes: embedded(z.array(change).min(1)) }),
    (slack, args) => {
      const canvas = canvasOf(slack, args.canvas_id);
      for (const one of args.changes) editCanvas(canvas, one);
      return {};
    },
  ),
  defineMethod(
    'canvases.sections.lookup',
    { scopes: ['canvases:read'], tier: 3 },
    z.object({ canvas_id: word, criteria: embedded(criteria) }),
    (slack, args) => {
      const { section_types, contains_text } = args.criteria;
      return { sections: findSections(canvasOf(slack, args.canvas_id), section_types, contains_text) };
    },
  ),
];

function canvasOf(slack: Slack, id: string): Canvas {
  const canvas = slack.world.canvases.get(id);
  if (!canvas) throw new SlackError('canvas_not_found');
  return canvas;
}
