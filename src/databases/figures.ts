/** Figures and names in sentences. */

/** `12,000`. */
export const counted = (figure: number): string => Math.round(figure).toLocaleString('en-US');

/** Bytes as `0.1 MB` or `12.3 GB`. */
export function sized(bytes: number): string {
  const megabytes = bytes / 1024 ** 2;
  return megabytes >= 1024 ? `${round(megabytes / 1024)} GB` : `${round(megabytes)} MB`;
}

/** To one digit after the point. */
export const round = (figure: number): number => Math.round(figure * 10) / 10;

/** What share of the whole a part is, in percent; 0 of nothing. */
export const percentOf = (part: number, whole: number): number =>
  whole > 0 ? round((part / whole) * 100) : 0;

/** `a, b, c and 4 more`. */
export function listed(names: readonly string[], shown = 3): string {
  const more = names.length - shown;
  return more > 0 ? `${names.slice(0, shown).join(', ')} and ${more} more` : names.join(', ');
}

/** Nothing for one; ` and 2 more` for three: the worst is named, the others are counted. */
export const andMore = (all: readonly unknown[]): string =>
  all.length > 1 ? ` and ${all.length - 1} more` : '';
