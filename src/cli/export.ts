/** `firebreak export <incident>`: the postmortem as Markdown, or everything as JSON. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { loadRecord } from '../app/create.ts';
import { exportJson } from '../domain/export.ts';
import { renderPostmortem } from '../domain/postmortem.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { FirebreakError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { attachStore } from './attach.ts';
import { incidentNumber } from './options.ts';

export const exportCommand = (): Command =>
  new Command('export')
    .description('Write the postmortem (md) or the whole record (json) of an incident')
    .argument('<incident>', 'its number', incidentNumber)
    .addOption(new Option('--format <format>').choices(['md', 'json']).default('md'))
    .option('--out <file>', 'write there instead of to standard output')
    .option('--data-dir <dir>', "Firebreak's data folder")
    .action(async (id: number, options: { format: 'md' | 'json'; out?: string; dataDir?: string }) => {
      const { store, close } = await attachStore(options);
      try {
        const record = await loadRecord(store, id);
        if (!record) throw new FirebreakError('INCIDENT_UNKNOWN', { found: id });
        const text = exportText(record, options.format);
        await (options.out === undefined ? process.stdout.write(text) : writeFile(options.out, text));
      } finally {
        await close();
      }
    });

/** The document, ending in a line feed. */
export const exportText = (record: IncidentRecord, format: 'md' | 'json'): string =>
  format === 'md'
    ? renderPostmortem(record, { generatedBy: `Firebreak ${VERSION}` })
    : `${JSON.stringify(exportJson(record), undefined, 2)}\n`;
