/** Light or dark: as the system says, until a person chooses. */
import { useEffect, useState } from 'react';
import { useKept } from './kept.ts';

export type Theme = 'light' | 'dark';

/** The theme that is shown, and the way to the other one. */
export function useTheme(): [Theme, () => void] {
  const [chosen, choose] = useKept<Theme | null>('theme', null);
  const [system, setSystem] = useState<Theme>(systemTheme);
  useEffect(() => {
    const query = matchMedia(DARK);
    const follow = (): void => setSystem(systemTheme());
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const theme = chosen ?? system;
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  return [theme, () => choose(theme === 'dark' ? 'light' : 'dark')];
}

const DARK = '(prefers-color-scheme: dark)';
const systemTheme = (): Theme => (matchMedia(DARK).matches ? 'dark' : 'light');
