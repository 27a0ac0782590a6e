/** Structural sharing: what is equal keeps its identity, so that only what changed is rendered again. */

/** `next`, made of the parts of `before` wherever they are equal. */
export function share<T>(before: T | undefined, next: T): T {
  return shared(before, next) as T;
}

function shared(before: unknown, next: unknown): unknown {
  if (Object.is(before, next) || !isThing(before) || !isThing(next)) return next;
  if (Array.isArray(before) !== Array.isArray(next)) return next;
  if (Array.isArray(before) && Array.isArray(next)) {
    const all = next.map((item: unknown, index) => shared(before[index], item));
    return all.length === before.length && all.every((item, index) => item === before[index]) ? before : all;
  }
  const entries = Object.entries(next).map(([key, value]) => [key, shared(before[key], value)] as const);
  const same =
    entries.length === Object.keys(before).length &&
    entries.every(([key, value]) => key in before && value === before[key]);
  return same ? before : Object.fromEntries(entries);
}

const isThing = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
