/** What PostgreSQL can keep: it stores no NUL in text, and no lone surrogates in jsonb; people can type both. */

/** The text without NUL, and with U+FFFD for each lone surrogate. */
export const storable = (text: string): string =>
  text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');

/** JSON in which every text is storable. */
export const storableJson = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'string') return storable(item);
    return isRecord(item) ? withStorableKeys(item) : item;
  });

const isRecord = (item: unknown): item is Readonly<Record<string, unknown>> =>
  typeof item === 'object' && item !== null && !Array.isArray(item);

const withStorableKeys = (item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(item).map(([key, member]) => [storable(key), member]));
