/** Ctrl+K: a few letters, Enter, and one is there. */
import { type ReactNode, useId, useState } from 'react';
import { botOf, directMessageOf, usePage } from '../context.tsx';
import { Dialog } from '../dialog.tsx';

const SHOWN = 10;

export function Switcher({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { state, viewer, go } = usePage();
  const id = useId();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const bot = botOf(state);
  const places = [
    ...state.channels
      .filter(({ is_im }) => !is_im)
      .map((channel) => ({ id: channel.id, label: `# ${channel.name}`, name: channel.name })),
    ...(bot ? [{ id: directMessageOf(state, viewer)?.id ?? 'app', label: bot.name, name: bot.name }] : []),
  ];
  const found = places.filter(({ name }) => isIn(text.toLowerCase(), name)).slice(0, SHOWN);
  const open = (place: { readonly id: string } | undefined): void => {
    if (!place) return;
    onClose();
    go(place.id);
  };
  return (
    <Dialog label="Jump to a channel" className="switcher" onClose={onClose}>
      <input
        className="input"
        role="combobox"
        aria-label="Jump to a channel"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={found[chosen] ? `${id}-${chosen}` : undefined}
        placeholder="Jump to …"
        autoComplete="off"
        value={text}
        autoFocus
        onChange={({ target }) => {
          setText(target.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step !== undefined && found.length > 0) {
            event.preventDefault();
            setChosen((chosen + step + found.length) % found.length);
          }
          if (event.key === 'Enter') open(found[chosen]);
        }}
      />
      <ul className="offers" id={`${id}-list`} role="listbox" aria-label="Channels">
        {found.map((place, index) => (
          <li
            key={place.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => open(place)}
          >
            <strong>{place.label}</strong>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** The letters in their order, not necessarily together. */
function isIn(letters: string, name: string): boolean {
  let from = 0;
  for (const letter of letters.replace(/\s/g, '')) {
    const at = name.indexOf(letter, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}
