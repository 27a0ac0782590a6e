/** `firebreak export <incident>`: the postmortem as Markdown, or everything as JSON, written as it is read. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { IANAZone } from 'luxon';
import { actOnIncident } from '../app/incidents.ts';
import { type ExportWish, streamExport } from '../app/report.ts';
import { loadSettings } from '../config.ts';
import { maskSql } from '../databases/redact.ts';
import { exportJson } from '../domain/export.ts';
import { DEFAULT_POLICY } from '../domain/policy.ts';
import { renderPostmortem } from '../domain/postmortem.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { FirebreakError } from '../errors.ts';
import { loadIncident } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import { PRODUCT } from '../version.ts';
import { incidentNumber, type StoreOptions, withStore, wrongUsage } from './options.ts';
import { onStore, terminalActor } from './terminal.ts';

interface ExportOptions extends StoreOptions {
  readonly format: 'md' | 'json';
  readonly out?: string;
  readonly private?: boolean;
  readonly exact?: boolean;
  readonly timezone?: string;
  readonly config?: string;
}

const CONFIG = 'firebreak.yml';

export const exportCommand = (): Command =>
  withStore(
    new Command('export')
      .description('Write the postmortem (md) or the whole record (json) of an incident')
      .argument('<incident>', 'its number', incidentNumber)
      .addOption(new Option('--format <format>').choices(['md', 'json']).default('md'))
      .option('--out <file>', 'write there instead of to standard output')
      .option('--private', 'also a private incident; the incident records that it was exported here')
      .option('--exact', 'show the SQL of plans as it was sent; its literals are masked else')
      .option(
        '--timezone <zone>',
        "the team's zone, for a second column of times (default: that of --config)",
      )
      .option('--config <file>', `where zone and roles are read (default: ${CONFIG}, if there is one)`),
  ).action(async (id: number, options: ExportOptions) => {
    const wish = wishOf(options);
    await onStore(options, async (store) => {
      await permit(store, id, options);
      const { write, end } = await openSink(options.out);
      await streamExport(store, id, wish, write);
      await end();
    });
  });

/** The configuration is read first, so that its mistakes start no server. */
function wishOf({ format, exact, timezone, config }: ExportOptions): ExportWish {
  const file = config ?? (existsSync(CONFIG) ? CONFIG : undefined);
  const settings = file === undefined ? undefined : loadSettings(file);
  const zone = timezone ?? settings?.timezone;
  if (zone !== undefined && !IANAZone.isValidZone(zone))
    wrongUsage(`${zone} is not a time zone, for example Europe/Berlin.`);
  return {
    format,
    generatedBy: PRODUCT,
    showSql: exact ? (sql) => Promise.resolve(sql) : maskSql,
    ...(zone === undefined ? {} : { timezone: zone }),
    ...(settings ? { roles: settings.roles } : {}),
  };
}

/** A private incident leaves the store only when that was asked for, and never unseen. */
async function permit(store: Store, id: number, options: ExportOptions): Promise<void> {
  const incident = await loadIncident(store, id);
  if (!incident) throw new FirebreakError('INCIDENT_UNKNOWN', { found: id });
  if (!incident.private) return;
  if (options.private !== true) throw new FirebreakError('INCIDENT_PRIVATE', { found: id });
  const text = 'Exported at a terminal, with --private';
  const wish = { kind: 'record', by: terminalActor(), entry: 'export', text } as const;
  await actOnIncident(store, id, wish, {}, new Date(), DEFAULT_POLICY);
}

interface Sink {
  readonly write: (chunk: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

const BUFFERED = 64 * 1024;

/** A file or standard output, which are given some rows at once and waited for: nothing piles up in memory. */
export async function openSink(out: string | undefined): Promise<Sink> {
  const file = out === undefined ? undefined : await open(out, 'w');
  let waiting = '';
  const flush = async (): Promise<void> => {
    const text = waiting;
    waiting = '';
    if (file) await file.writeFile(text);
    else if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  };
  return {
    async write(chunk) {
      waiting += chunk;
      if (waiting.length >= BUFFERED) await flush();
    },
    async end() {
      await flush();
      await file?.close();
    },
  };
}

/** The document of a record in memory, ending in a line feed. */
export const exportText = (record: IncidentRecord, format: 'md' | 'json'): string =>
  format === 'md'
    ? renderPostmortem(record, { generatedBy: PRODUCT })
    : `${JSON.stringify(exportJson(record), undefined, 2)}\n`;
