/** What a measurement answers: a number, and what it is to be held against. */
export interface Figure {
  readonly name: string;
  /** Undefined when it was not reached. */
  readonly value: number | undefined;
  readonly unit: 's' | 'ms' | 'calls' | 'MB' | 'times';
  readonly against?: { readonly value: number; readonly what: string };
  /** What is to be read beside it. */
  readonly note?: string;
}

export interface Bench {
  readonly name: string;
  readonly measure: () => Promise<readonly Figure[]>;
}

export const ratioOf = ({ value, against }: Figure): number | undefined =>
  value === undefined || against === undefined ? undefined : value / against.value;

/** `mitigated 16.5 s, 14400 s then: ratio 0.0011` */
export function inWords(figure: Figure): string {
  const { name, value, unit, against, note } = figure;
  if (value === undefined) return `${name} was not reached`;
  const ratio = ratioOf(figure);
  const said = `${name} ${rounded(value)} ${unit}`;
  const compared =
    against === undefined || ratio === undefined
      ? said
      : `${said}, ${rounded(against.value)} ${unit} ${against.what}: ratio ${ratio.toPrecision(2)}`;
  return note === undefined ? compared : `${compared} (${note})`;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
