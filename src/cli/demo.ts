/** `firebreak demo`: the order-status outage, start to finish, on this machine alone. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { playStory, StoryBroke, type StoryResult } from '../../sandbox/story/play.ts';
import { loadRecord } from '../app/create.ts';
import { captureMigrations } from '../databases/history.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { DEFAULT_COMMAND } from '../domain/settings.ts';
import { FirebreakError } from '../errors.ts';
import { exportText } from './export.ts';
import { INTERRUPTED, interrupted } from './interrupted.ts';
import { sendMigrations } from './migrations.ts';
import { wholeNumber } from './options.ts';
import { openSandbox, type Sandbox, type SandboxOptions } from './sandbox-world.ts';

export interface DemoOptions {
  readonly out?: string;
  readonly seed: number;
  readonly pace: 'fast' | 'human';
}

export interface Stage {
  readonly print: (line: string) => void;
  /** Ends the story early, with everything closed. */
  readonly signal?: AbortSignal;
  /** What the sandbox is to be like, where it differs from the demo's own. */
  readonly world?: Omit<SandboxOptions, 'dataDir' | 'seed'>;
}

/** Seconds from the site's first failing query; null for what was not reached. */
export type OutageClock = Readonly<
  Record<
    'detected_s' | 'declared_s' | 'acknowledged_s' | 'first_diagnosis_s' | 'mitigated_s' | 'resolved_s',
    number | null
  >
>;

export const demoCommand = (): Command =>
  new Command('demo')
    .description('Play the order-status outage through a local Slack against a real PostgreSQL')
    .option(
      '--out <dir>',
      'where postmortem.md, timeline.json and clock.json go (default: a temporary folder)',
    )
    .option(
      '--seed <number>',
      'varies the break, the damaged columns and rows, and the blocker',
      wholeNumber,
      1,
    )
    .addOption(new Option('--pace <pace>').choices(['fast', 'human']).default('fast'))
    .action(async (options: DemoOptions) => {
      const signal = interrupted();
      const print = (line: string): void => void process.stdout.write(`${line}\n`);
      try {
        await playDemo(options, { print, signal });
      } catch (error) {
        if (!signal.aborted) throw error;
        print('\nInterrupted; everything is shut down.');
        process.exitCode = INTERRUPTED;
      }
    });

/** Plays it in a sandbox of its own; throws DEMO_FAILED when the story did not end well, DEMO_BROKE when it did not end. */
export async function playDemo(options: DemoOptions, stage: Stage): Promise<OutageClock> {
  const orders = stage.world?.orders ?? 200_000;
  stage.print(
    `Setting the stage: PostgreSQL, a shop with ${orders.toLocaleString('en')} orders, a local Slack, Firebreak …`,
  );
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-demo-'));
  try {
    const sandbox = await openSandbox({ ...stage.world, dataDir, seed: options.seed });
    try {
      return await play(sandbox, options, stage);
    } finally {
      await sandbox.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function play(sandbox: Sandbox, options: DemoOptions, stage: Stage): Promise<OutageClock> {
  stage.signal?.throwIfAborted();
  const result = await playStory(storyOptions(sandbox, options, stage)).catch(async (error: unknown) => {
    if (error instanceof StoryBroke && stage.signal?.aborted !== true) {
      await writeWhatThereIs(sandbox, error, options, stage);
      throw new FirebreakError('DEMO_BROKE', { reason: error.message }, error);
    }
    throw error;
  });
  const record = await loadRecord(sandbox.store, 1);
  if (!record) throw new FirebreakError('INCIDENT_UNKNOWN', { found: 1 });
  const clock = await writeResults(record, result, options, stage);
  if (result.verdict.wrong > 0 || result.stillFailing > 0) {
    throw new FirebreakError('DEMO_FAILED', { wrong: result.verdict.wrong, failing: result.stillFailing });
  }
  stage.print(`Every one of ${result.verdict.rows} rows is right, and every probe is green.`);
  return clock;
}

const storyOptions = (sandbox: Sandbox, { pace }: DemoOptions, { print, signal }: Stage) => ({
  slackUrl: sandbox.slack.url,
  adminUrl: sandbox.shopAdminUrl,
  shop: sandbox.shop,
  command: DEFAULT_COMMAND,
  pace,
  print,
  ...(signal ? { signal } : {}),
  capture: async (dir: string): Promise<void> => {
    const migrations = await captureMigrations({ tool: 'node-pg-migrate', dir });
    await sendMigrations({ url: sandbox.botUrl, token: sandbox.token, target: 'shop', migrations });
  },
});

/** The record so far says more about what went wrong than the error does. */
async function writeWhatThereIs(
  sandbox: Sandbox,
  { firstFailureAt }: StoryBroke,
  options: DemoOptions,
  stage: Stage,
): Promise<void> {
  const record = await loadRecord(sandbox.store, 1).catch(() => undefined);
  if (!record || !firstFailureAt) return;
  const postmortem = exportText(record, 'md');
  await writeResults(record, { firstFailureAt, postmortem }, options, stage).catch((error: unknown) =>
    stage.print(`What there is could not be written: ${String(error)}`),
  );
}

async function writeResults(
  record: IncidentRecord,
  result: Pick<StoryResult, 'firstFailureAt' | 'postmortem'>,
  { out, seed, pace }: DemoOptions,
  { print }: Stage,
): Promise<OutageClock> {
  const dir = out ?? (await mkdtemp(join(tmpdir(), 'firebreak-demo-out-')));
  await mkdir(dir, { recursive: true });
  const { timeline } = JSON.parse(exportText(record, 'json')) as { timeline: unknown };
  const clock = clockOf(record, result.firstFailureAt);
  const files = {
    'postmortem.md': result.postmortem,
    'timeline.json': inJson(timeline),
    'clock.json': inJson({ seed, pace, ...clock }),
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text);
  const paths = Object.keys(files).map((file) => join(dir, file));
  print(`\nWritten: ${paths.join(', ')}`);
  return clock;
}

const inJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

function clockOf({ incident: { milestones }, runs }: IncidentRecord, firstFailureAt: Date): OutageClock {
  const since = (at: Date | undefined): number | null =>
    at === undefined ? null : Math.round((at.getTime() - firstFailureAt.getTime()) / 10) / 100;
  return {
    detected_s: since(milestones.detected?.at),
    declared_s: since(milestones.declared?.at),
    acknowledged_s: since(milestones.acknowledged?.at),
    first_diagnosis_s: since(runs.find(({ runbook }) => runbook === 'first-five-minutes')?.endedAt),
    mitigated_s: since(milestones.mitigated?.at),
    resolved_s: since(milestones.resolved?.at),
  };
}
