/** `firebreak demo`: the order-status outage, start to finish, on this machine alone. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { playStory, type StoryResult } from '../../sandbox/story/play.ts';
import { loadRecord } from '../app/create.ts';
import { captureMigrations } from '../databases/history.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { FirebreakError } from '../errors.ts';
import { exportText } from './export.ts';
import { sendMigrations } from './migrations.ts';
import { wholeNumber } from './options.ts';
import { openSandbox, type Sandbox } from './sandbox-world.ts';

interface DemoOptions {
  readonly out?: string;
  readonly seed: number;
  readonly pace: 'fast' | 'human';
}

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
    .action(demo);

async function demo(options: DemoOptions): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-demo-'));
  const out = options.out ?? (await mkdtemp(join(tmpdir(), 'firebreak-demo-out-')));
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  print('Setting the stage: PostgreSQL, a shop with 200,000 orders, a local Slack, Firebreak …');
  const sandbox = await openSandbox({ dataDir, seed: options.seed });
  try {
    const result = await playStory(storyOptions(sandbox, options, print));
    const record = await loadRecord(sandbox.store, 1);
    if (!record) throw new FirebreakError('INCIDENT_UNKNOWN', { found: 1 });
    await writeResults(out, record, result, options);
    print(
      `\nWritten: ${['postmortem.md', 'timeline.json', 'clock.json'].map((file) => join(out, file)).join(', ')}`,
    );
    if (result.verdict.wrong > 0 || result.stillFailing > 0) {
      throw new FirebreakError('DEMO_FAILED', { wrong: result.verdict.wrong, failing: result.stillFailing });
    }
    print(`Every one of ${result.verdict.rows} rows is right, and every probe is green.`);
  } finally {
    await sandbox.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const storyOptions = (sandbox: Sandbox, { pace }: DemoOptions, print: (line: string) => void) => ({
  slackUrl: sandbox.slack.url,
  adminUrl: sandbox.shopAdminUrl,
  shop: sandbox.shop,
  command: '/incident',
  pace,
  print,
  capture: async (dir: string): Promise<void> => {
    const migrations = await captureMigrations({ tool: 'node-pg-migrate', dir });
    await sendMigrations({ url: sandbox.botUrl, token: sandbox.token, target: 'shop', migrations });
  },
});

async function writeResults(
  out: string,
  record: IncidentRecord,
  result: StoryResult,
  options: DemoOptions,
): Promise<void> {
  await mkdir(out, { recursive: true });
  const { timeline } = JSON.parse(exportText(record, 'json')) as { timeline: unknown };
  await writeFile(join(out, 'postmortem.md'), result.postmortem);
  await writeFile(join(out, 'timeline.json'), `${JSON.stringify(timeline, undefined, 2)}\n`);
  await writeFile(
    join(out, 'clock.json'),
    `${JSON.stringify(clockOf(record, result, options), undefined, 2)}\n`,
  );
}

/** Seconds from the site's first failing query; null for what was not reached. */
function clockOf(
  record: IncidentRecord,
  { firstFailureAt }: StoryResult,
  { seed, pace }: DemoOptions,
): object {
  const since = (at: Date | undefined): number | null =>
    at === undefined ? null : Math.round((at.getTime() - firstFailureAt.getTime()) / 10) / 100;
  const { milestones } = record.incident;
  const diagnosis = record.runs.find(({ runbook }) => runbook === 'first-five-minutes');
  return {
    seed,
    pace,
    detected_s: since(milestones.detected?.at),
    declared_s: since(milestones.declared?.at),
    acknowledged_s: since(milestones.acknowledged?.at),
    first_diagnosis_s: since(diagnosis?.endedAt),
    mitigated_s: since(milestones.mitigated?.at),
    resolved_s: since(milestones.resolved?.at),
  };
}
