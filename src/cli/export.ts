/** `firebreak export <incident>`: the postmortem as Markdown, or everything as JSON. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { loadRecord } from '../app/create.ts';
import { exportJson } from '../domain/export.ts';
import { renderPostmortem } from '../domain/postmortem.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { FirebreakError } from '../errors.ts';
import { PRODUCT } from '../version.ts';
import { incidentNumber, type StoreOptions, withStore } from './options.ts';
import { onStore } from './terminal.ts';

interface ExportOptions extends StoreOptions {
  readonly format: 'md' | 'json';
  readonly out?: string;
}

export const exportCommand = (): Command =>
  withStore(
    new Command('export')
      .description('Write the postmortem (md) or the whole record (json) of an incident')
      .argument('<incident>', 'its number', incidentNumber)
      .addOption(new Option('--format <format>').choices(['md', 'json']).default('md'))
      .option('--out <file>', 'write there instead of to standard output'),
  ).action(async (id: number, options: ExportOptions) => {
    const record = await onStore(options, (store) => loadRecord(store, id));
    if (!record) throw new FirebreakError('INCIDENT_UNKNOWN', { found: id });
    const text = exportText(record, options.format);
    if (options.out === undefined) process.stdout.write(text);
    else await writeFile(options.out, text);
  });

/** The document, ending in a line feed. */
export const exportText = (record: IncidentRecord, format: 'md' | 'json'): string =>
  format === 'md'
    ? renderPostmortem(record, { generatedBy: PRODUCT })
    : `${JSON.stringify(exportJson(record), undefined, 2)}\n`;
