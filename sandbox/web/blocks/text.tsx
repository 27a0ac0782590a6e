/** Blocks that are only read, drawn by slack-blocks-to-jsx. */
import { memo, type ReactNode } from 'react';
import { type Block as LibraryBlock, Message as Rendered } from 'slack-blocks-to-jsx';
import 'slack-blocks-to-jsx/dist/style.css';
import { usePage } from '../context.tsx';
import { emojiOf } from '../emoji.ts';
import { placeOf } from '../links.ts';
import type { Block } from '../model.ts';
import { withPlainColons } from './colons.ts';

/** Consecutive blocks without anything to press in them. */
export const TextBlocks = memo(function TextBlocks({ blocks }: { readonly blocks: readonly Block[] }) {
  const { state, theme, go } = usePage();
  return (
    <Rendered
      withoutWrapper
      blocks={withPlainColons(blocks) as LibraryBlock[]}
      logo=""
      name=""
      theme={theme}
      data={{ users: [...state.users], channels: [...state.channels], user_groups: [] }}
      hooks={{
        user: ({ id, name }) => <span className="mention">@{knownName(state.users, id) ?? name}</span>,
        channel: ({ id, name }) => (
          <button type="button" className="link" onClick={() => go(idOf(id))}>
            #{knownName(state.channels, id) ?? name}
          </button>
        ),
        // A time of day like 15:37:29 holds what looks like an emoji.
        emoji: ({ name }) => emojiOf(name),
        link: ({ href, children }) => <Anchor href={href}>{children}</Anchor>,
      }}
    />
  );
});

/** mrkdwn on its own. */
export const Mrkdwn = memo(function Mrkdwn({ text }: { readonly text: string }) {
  if (text === '') return null;
  return <TextBlocks blocks={[{ type: 'section', text: { type: 'mrkdwn', text } } as unknown as Block]} />;
});

/** A link; those into the local Slack open in the page. */
export function Anchor({
  href,
  children,
}: {
  readonly href: string;
  readonly children: ReactNode;
}): ReactNode {
  const { go } = usePage();
  const place = placeOf(href);
  if (!place)
    return (
      <a href={href} target="_blank" rel="noreferrer">
        {children}
      </a>
    );
  return (
    <a
      href={href}
      onClick={(event) => {
        event.preventDefault();
        go(place.channel, place.ts);
      }}
    >
      {children}
    </a>
  );
}

/** Slack's `<@U1|name>` reaches the hooks as one word. */
const idOf = (id: string): string => id.split('|')[0] ?? id;

const knownName = (
  known: readonly { readonly id: string; readonly name: string }[],
  id: string,
): string | undefined => known.find((each) => each.id === idOf(id))?.name;
