/** A short text with emoji, names and plain links, on one line. */
import type { ReactNode } from 'react';
import { withEmoji } from '../blocks/button.tsx';
import { nameOf, usePage } from '../context.tsx';

export function TextLine({ text }: { readonly text: string }): ReactNode {
  const { state } = usePage();
  const plain = text
    .replace(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id: string) => `@${nameOf(state, id)}`)
    .replace(/<#([A-Z0-9]+)(?:\|([^>]*))?>/g, (_, id: string, label?: string) => {
      const channel = state.channels.find((each) => each.id === id);
      return `#${channel?.name ?? label ?? id}`;
    })
    .replace(/<!date\^\d+\^[^|>]*\|([^>]*)>/g, '$1')
    .replace(/<(https?:[^|>]+)\|([^>]*)>/g, '$2')
    .replace(/<(https?:[^>]+)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  return <>{withEmoji(plain)}</>;
}
