/** Canvases: Markdown in sections that have ids of their own, so that one of them can be replaced. */
import type { Slack } from '../context.ts';
import { secret } from '../ids.ts';
import type { Canvas, CanvasSection, Json } from '../model.ts';
import { SlackError } from '../refusal.ts';

export interface CanvasChange {
  readonly operation:
    | 'insert_at_start'
    | 'insert_at_end'
    | 'insert_before'
    | 'insert_after'
    | 'replace'
    | 'delete'
    | 'rename';
  readonly section_id?: string | undefined;
  readonly document_content?: { readonly markdown: string } | undefined;
  readonly title_content?: { readonly markdown: string } | undefined;
}

export function createCanvas(
  slack: Slack,
  channel: string | undefined,
  title: string,
  markdown: string,
): Canvas {
  const canvas: Canvas = { id: slack.world.ids.next('F'), channel, title, sections: sectionsOf(markdown) };
  slack.world.canvases.set(canvas.id, canvas);
  return canvas;
}

/** Headings, paragraphs and lists each become a section. */
function sectionsOf(markdown: string): CanvasSection[] {
  return markdown
    .split(/\n{2,}|\n(?=#)|(?<=^#.*)\n/m)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => ({ id: `temp:C:${secret(12)}`, markdown: text }));
}

export function editCanvas(canvas: Canvas, change: CanvasChange): void {
  const { operation, document_content, title_content } = change;
  const fresh = sectionsOf(document_content?.markdown ?? '');
  const needsText = operation !== 'delete' && operation !== 'rename';
  if (needsText && !document_content) throw failed('document_content is missing');
  const { sections } = canvas;
  switch (operation) {
    case 'insert_at_start':
      sections.unshift(...fresh);
      return;
    case 'insert_at_end':
      sections.push(...fresh);
      return;
    case 'insert_before':
      sections.splice(placeOf(canvas, change), 0, ...fresh);
      return;
    case 'insert_after':
      sections.splice(placeOf(canvas, change) + 1, 0, ...fresh);
      return;
    case 'delete':
      sections.splice(placeOf(canvas, change), 1);
      return;
    case 'replace':
      if (change.section_id === undefined) canvas.sections = fresh;
      else sections.splice(placeOf(canvas, change), 1, ...fresh);
      return;
    case 'rename':
      if (!title_content) throw failed('title_content is missing');
      canvas.title = title_content.markdown;
  }
}

function placeOf({ sections }: Canvas, { section_id }: CanvasChange): number {
  const place = sections.findIndex(({ id }) => id === section_id);
  if (place < 0) throw failed(`section ${section_id ?? ''} not found`);
  return place;
}

const failed = (detail: string) => new SlackError('canvas_editing_failed', { detail });

const HEADING = /^(#{1,3}) /;

export function findSections(
  { sections }: Canvas,
  types: readonly string[] | undefined,
  text: string | undefined,
): Json[] {
  return sections
    .filter(({ markdown }) => {
      const level = HEADING.exec(markdown)?.[1]?.length;
      const typed =
        !types || (level !== undefined && (types.includes('any_header') || types.includes(`h${level}`)));
      return typed && (text === undefined || markdown.toLowerCase().includes(text.toLowerCase()));
    })
    .map(({ id }) => ({ id }));
}

export const canvasText = ({ sections }: Canvas) => sections.map(({ markdown }) => markdown).join('\n\n');
