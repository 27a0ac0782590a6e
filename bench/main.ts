/** `npm run bench`: what Firebreak takes, in numbers, on this machine alone; writes docs/performance.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { PACKAGE_ROOT } from '../src/version.ts';
import { acks } from './acks.ts';
import { crash } from './crash.ts';
import { day } from './day.ts';
import { declaration } from './declare.ts';
import { longExport } from './export.ts';
import { faults } from './faults.ts';
import { type Bench, inWords } from './figure.ts';
import { guard } from './guard.ts';
import { thisMachine } from './machine.ts';
import { outage } from './outage.ts';
import { pageOf } from './page.ts';
import { type Measured, merged, readResults, type TakenFigure, taken, writeResults } from './results.ts';
import { rows } from './rows.ts';
import { storm } from './storm.ts';
import { sweeps } from './sweep.ts';
import { timeline } from './timeline.ts';

const BENCHES: readonly Bench[] = [
  acks,
  declaration,
  timeline,
  longExport,
  sweeps,
  crash,
  outage,
  guard,
  day,
  storm,
  rows,
  faults,
];

interface Options {
  readonly json?: string;
  readonly only?: string;
  readonly merge?: string;
}

const options = new Command('bench')
  .description('Measure, and write docs/performance.md; all but what takes long, or one bench')
  .option('--json <file>', 'write the figures of this run there, too')
  .option('--merge <file>', 'measure nothing: take over what another run wrote by --json')
  .addOption(new Option('--only <name>', 'measure this alone').choices(BENCHES.map(({ name }) => name)))
  .parse()
  .opts<Options>();

const { figures, ...where } =
  options.merge === undefined ? await measure(options) : await takeOver(options.merge);
const results = merged(await readResults(), figures, where);
await writeResults(results);
await writeFile(join(PACKAGE_ROOT, 'docs', 'performance.md'), pageOf(BENCHES, results));

interface Taken extends Pick<Measured, 'on' | 'machine'> {
  readonly figures: readonly TakenFigure[];
}

async function measure({ json, only }: Options): Promise<Taken> {
  const chosen = BENCHES.filter(({ name, long }) => (only === undefined ? !long : name === only));
  const figures: TakenFigure[] = [];
  for (const bench of chosen) {
    const measured = await bench.measure();
    for (const figure of measured) process.stdout.write(`${inWords(figure)}\n`);
    figures.push(...taken(bench.name, measured));
  }
  const all: Taken = { on: new Date().toISOString().slice(0, 10), machine: await thisMachine(), figures };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(all, undefined, 2)}\n`);
  return all;
}

async function takeOver(file: string): Promise<Taken> {
  return JSON.parse(await readFile(file, 'utf8')) as Taken;
}
