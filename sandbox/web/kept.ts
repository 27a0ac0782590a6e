/** What the browser remembers between visits. */
import { useCallback, useState } from 'react';

/** Like useState, kept under a name; a browser that refuses storage forgets. */
export function useKept<T>(name: string, initial: T): [T, (next: T | ((before: T) => T)) => void] {
  const [value, setValue] = useState<T>(() => (read(name) as T | undefined) ?? initial);
  const set = useCallback(
    (next: T | ((before: T) => T)) =>
      setValue((before) => {
        const after = typeof next === 'function' ? (next as (before: T) => T)(before) : next;
        write(name, after);
        return after;
      }),
    [name],
  );
  return [value, set];
}

function read(name: string): unknown {
  try {
    const text = localStorage.getItem(`local-slack.${name}`);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(`local-slack.${name}`, JSON.stringify(value));
  } catch {
    // A private window may refuse.
  }
}
