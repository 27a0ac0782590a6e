/** `npm run bench`: what Firebreak takes, in numbers, on this machine alone; writes docs/performance.md. */
import { readFile, stat, writeFile } from 'node:fs/promises';
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
import { merged, readResults, type TakenFigure, taken, writeResults } from './results.ts';
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

const { figures, on } = options.merge === undefined ? await measure(options) : await takeOver(options.merge);
const results = merged(await readResults(), figures, { on, machine: await thisMachine() });
await writeResults(results);
await writeFile(join(PACKAGE_ROOT, 'docs', 'performance.md'), pageOf(BENCHES, results));

interface Taken {
  readonly figures: readonly TakenFigure[];
  readonly on: string;
}

async function measure({ json, only }: Options): Promise<Taken> {
  const chosen = BENCHES.filter(({ name, long }) => (only === undefined ? !long : name === only));
  const all: TakenFigure[] = [];
  for (const bench of chosen) {
    const measured = await bench.measure();
    for (const figure of measured) process.stdout.write(`${inWords(figure)}\n`);
    all.push(...taken(bench.name, measured));
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ figures: all }, undefined, 2)}\n`);
  return { figures: all, on: dayOf(new Date()) };
}

/** Measured on the day on which the file was written. */
async function takeOver(file: string): Promise<Taken> {
  const read = JSON.parse(await readFile(file, 'utf8')) as Pick<Taken, 'figures'>;
  return { figures: read.figures, on: dayOf((await stat(file)).mtime) };
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
