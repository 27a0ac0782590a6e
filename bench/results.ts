/** The figures of each bench as it was last measured: bench/results.json, from which docs/performance.md is written. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/version.ts';
import { type Figure, ratioOf } from './figure.ts';
import type { Machine } from './machine.ts';

export interface Measured {
  /** The day, `2026-06-03`. */
  readonly on: string;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

/** By the name of the bench. */
export type Results = Readonly<Record<string, Measured>>;

const FILE = join(PACKAGE_ROOT, 'bench', 'results.json');

export async function readResults(file = FILE): Promise<Results> {
  if (!existsSync(file)) return {};
  return JSON.parse(await readFile(file, 'utf8')) as Results;
}

export const writeResults = (results: Results, file = FILE): Promise<void> =>
  writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);

/** One figure of a file that `--json` has written. */
export interface TakenFigure extends Omit<Figure, 'value'> {
  readonly bench: string;
  readonly value: number | null;
  readonly ratio: number | null;
}

/** What `--json` writes. */
export const taken = (bench: string, figures: readonly Figure[]): readonly TakenFigure[] =>
  figures.map((figure) => ({
    bench,
    ...figure,
    value: figure.value ?? null,
    ratio: ratioOf(figure) ?? null,
  }));

/** The results with those of another run: all that it measured stands in place of what was known of those benches. */
export function merged(
  results: Results,
  figures: readonly TakenFigure[],
  where: Pick<Measured, 'on' | 'machine'>,
): Results {
  const benches = [...new Set(figures.map(({ bench }) => bench))];
  const measured = benches.map((name): [string, Measured] => [
    name,
    { ...where, figures: figures.filter(({ bench }) => bench === name).map(untaken) },
  ]);
  return { ...results, ...Object.fromEntries(measured) };
}

function untaken({ bench: _, ratio: __, value, ...figure }: TakenFigure): Figure {
  return { ...figure, value: value ?? undefined };
}
