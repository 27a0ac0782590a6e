/** `npm run bench`: what Firebreak takes, in numbers, on this machine alone. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { longExport } from './export.ts';
import { faults } from './faults.ts';
import { type Bench, inWords, ratioOf } from './figure.ts';
import { outage } from './outage.ts';
import { rows } from './rows.ts';
import { acks, declaration } from './slack.ts';

const BENCHES: readonly Bench[] = [outage, declaration, acks, longExport, rows, faults];

const { json, only } = new Command('bench')
  .option('--json <file>', 'write the figures there, too')
  .addOption(new Option('--only <name>', 'measure this alone').choices(BENCHES.map(({ name }) => name)))
  .parse()
  .opts<{ json?: string; only?: string }>();

const figures = [];
for (const { name, measure } of BENCHES.filter((bench) => only === undefined || bench.name === only)) {
  for (const figure of await measure()) {
    process.stdout.write(`${inWords(figure)}\n`);
    figures.push({ bench: name, ...figure, value: figure.value ?? null, ratio: ratioOf(figure) ?? null });
  }
}
if (json !== undefined) await writeFile(json, `${JSON.stringify({ figures }, undefined, 2)}\n`);
