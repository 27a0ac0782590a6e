/** `firebreak export <incident>`: the postmortem as Markdown, or everything as JSON, written as it is read. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { IANAZone } from 'luxon';
import { noteEntry } from '../app/incidents.ts';
import { type ExportWish, streamExport } from '../app/report.ts';
import { loadSettings } from '../config.ts';
import { maskSql } from '../databases/redact.ts';
import { entry } from '../domain/decision.ts';
import { exportJson } from '../domain/export.ts';
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
      const sink = await openSink(options.out);
      try {
        await streamExport(store, id, wish, sink.write);
        await sink.end();
      } catch (error) {
        await sink.discard();
        throw error;
      }
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
  const now = new Date();
  const noted = entry(now, 'export', terminalActor(), 'Exported at a terminal, with --private');
  await noteEntry(store, id, noted, now);
}

interface Sink {
  readonly write: (chunk: string) => Promise<void>;
  readonly end: () => Promise<void>;
  /** It failed: what was there before stays as it was. */
  readonly discard: () => Promise<void>;
}

const BUFFERED = 64 * 1024;

/**
 * A file or standard output, which are given some rows at once and waited for: nothing piles up in memory. The file
 * takes its name when it is whole.
 */
export async function openSink(out: string | undefined): Promise<Sink> {
  const target = out === undefined ? undefined : await targetOf(out);
  const file = target && (await open(target.written, target.flags, target.mode));
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
      if (target?.flags === 'wx') await file?.sync();
      await file?.close();
      if (target?.flags === 'wx') await rename(target.written, target.path);
    },
    async discard() {
      await file?.close().catch(() => undefined);
      if (target?.flags === 'wx') await rm(target.written, { force: true });
    },
  };
}

interface Target {
  readonly path: string;
  /** What is written to: beside it, but for a pipe or a device, which cannot be replaced. */
  readonly written: string;
  readonly flags: 'w' | 'wx';
  readonly mode: number;
}

async function targetOf(out: string): Promise<Target> {
  const path = await realpath(out).catch(() => out);
  const there = await stat(path).catch(() => undefined);
  const mode = (there?.mode ?? 0o666) & 0o777;
  if (there && !there.isFile()) return { path, written: path, flags: 'w', mode };
  return { path, written: `${path}.${randomBytes(4).toString('hex')}.part`, flags: 'wx', mode };
}

/** The document of a record in memory, ending in a line feed. */
export const exportText = (record: IncidentRecord, format: 'md' | 'json'): string =>
  format === 'md'
    ? renderPostmortem(record, { generatedBy: PRODUCT })
    : `${JSON.stringify(exportJson(record), undefined, 2)}\n`;
