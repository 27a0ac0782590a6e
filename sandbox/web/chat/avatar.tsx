/** A tile with a person's first letter; the app has its flame. */
import type { ReactNode } from 'react';
import { Icon } from '../icons.tsx';
import type { Person } from '../model.ts';

const HUES = [210, 160, 280, 25, 330, 95, 190, 250] as const;

export function Avatar(props: {
  readonly person: Pick<Person, 'name' | 'is_bot'> | undefined;
  readonly size?: 'small' | 'normal';
}): ReactNode {
  const { person, size = 'normal' } = props;
  const name = person?.name ?? '?';
  const hue =
    HUES[
      Array.from(name, (letter) => letter.charCodeAt(0)).reduce((sum, code) => sum + code, 0) % HUES.length
    ];
  return (
    <span
      className={`avatar ${size} ${person?.is_bot === true ? 'bot' : ''}`}
      style={{ '--hue': hue } as React.CSSProperties}
      aria-hidden="true"
    >
      {person?.is_bot === true ? <Icon name="flame" /> : name.slice(0, 1).toUpperCase()}
    </span>
  );
}
