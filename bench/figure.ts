/** What a measurement answers: a number, what it is held against, and what it has to be. */
export interface Figure {
  readonly name: string;
  /** Undefined when it was not reached. */
  readonly value: number | undefined;
  readonly unit: Unit;
  /** Measured in the same run. */
  readonly against?: { readonly value: number; readonly what: string };
  readonly goals?: readonly Goal[];
  /** What is to be read beside it. */
  readonly note?: string;
}

export type Unit = 's' | 'ms' | 'calls' | 'MB' | 'times' | '/s';

export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly is: 'at most' | 'at least';
  readonly limit: number;
}

export interface Bench {
  readonly name: string;
  /** The heading of its section. */
  readonly title: string;
  /** What is measured, and how. */
  readonly about: string;
  /** Takes long: measured only when it is named. */
  readonly long?: true;
  readonly measure: () => Promise<readonly Figure[]>;
}

export const ratioOf = ({ value, against }: Figure): number | undefined =>
  value === undefined || against === undefined ? undefined : value / against.value;

export function isMet(figure: Figure, { of, is, limit }: Goal): boolean {
  const found = of === 'value' ? figure.value : ratioOf(figure);
  if (found === undefined) return false;
  return is === 'at most' ? found <= limit : found >= limit;
}

/** `mitigated 16.5 s, 14,400 s then: ratio 0.0011` */
export function inWords(figure: Figure): string {
  const { name, value, unit, against, note, goals = [] } = figure;
  if (value === undefined) return `${name} was not reached`;
  const ratio = ratioOf(figure);
  const said = `${name} ${amount(value)} ${unit}`;
  const compared =
    against === undefined || ratio === undefined
      ? said
      : `${said}, ${amount(against.value)} ${unit} ${against.what}: ratio ${amount(ratio)}`;
  const missed = goals.filter((goal) => !isMet(figure, goal)).map((goal) => goalText(goal, unit));
  const judged = missed.length === 0 ? compared : `${compared}; MISSED: ${missed.join(', ')}`;
  return note === undefined ? judged : `${judged} (${note})`;
}

/** `at most 100 ms`, `ratio at most 2` */
export const goalText = ({ of, is, limit }: Goal, unit: Unit): string =>
  of === 'ratio' ? `ratio ${is} ${limit}` : `${is} ${limit} ${unit}`;

/** Three digits that matter, as people read them. */
export const amount = (value: number): string =>
  value.toLocaleString('en-US', {
    maximumSignificantDigits: Math.max(3, Math.trunc(Math.abs(value)).toString().length),
  });
