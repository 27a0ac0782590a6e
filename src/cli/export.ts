/** `firebreak export <incident>`: the postmortem as Markdown, or everything as JSON. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { loadRecord } from '../app/create.ts';
import { actOnIncident } from '../app/incidents.ts';
import { exportJson } from '../domain/export.ts';
import { DEFAULT_POLICY } from '../domain/policy.ts';
import { renderPostmortem } from '../domain/postmortem.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { FirebreakError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { PRODUCT } from '../version.ts';
import { incidentNumber, type StoreOptions, withStore } from './options.ts';
import { onStore, terminalActor } from './terminal.ts';

interface ExportOptions extends StoreOptions {
  readonly format: 'md' | 'json';
  readonly out?: string;
  readonly private?: boolean;
}

export const exportCommand = (): Command =>
  withStore(
    new Command('export')
      .description('Write the postmortem (md) or the whole record (json) of an incident')
      .argument('<incident>', 'its number', incidentNumber)
      .addOption(new Option('--format <format>').choices(['md', 'json']).default('md'))
      .option('--out <file>', 'write there instead of to standard output')
      .option('--private', 'also a private incident; the incident records that it was exported here'),
  ).action(async (id: number, options: ExportOptions) => {
    const record = await onStore(options, (store) => exportable(store, id, options));
    const text = exportText(record, options.format);
    if (options.out === undefined) process.stdout.write(text);
    else await writeFile(options.out, text);
  });

/** A private incident leaves the store only when that was asked for, and never unseen. */
async function exportable(store: Store, id: number, options: ExportOptions): Promise<IncidentRecord> {
  const record = await loadRecord(store, id);
  if (!record) throw new FirebreakError('INCIDENT_UNKNOWN', { found: id });
  if (!record.incident.private) return record;
  if (options.private !== true) throw new FirebreakError('INCIDENT_PRIVATE', { found: id });
  const text = 'Exported at a terminal, with --private';
  const wish = { kind: 'record', by: terminalActor(), entry: 'export', text } as const;
  await actOnIncident(store, id, wish, {}, new Date(), DEFAULT_POLICY);
  return record;
}

/** The document, ending in a line feed. */
export const exportText = (record: IncidentRecord, format: 'md' | 'json'): string =>
  format === 'md'
    ? renderPostmortem(record, { generatedBy: PRODUCT })
    : `${JSON.stringify(exportJson(record), undefined, 2)}\n`;
