/** `firebreak rollback plan`: what undoing a migration would do, from a target or from files; it only reads. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Command, Option } from 'commander';
import { captureProject } from '../capture/project.ts';
import { splitSql } from '../databases/history/node-pg-migrate.ts';
import { appliedMigrations } from '../databases/history.ts';
import { type Rehearsal, rehearsed } from '../databases/rehearsal.ts';
import { planRollback } from '../databases/rollback.ts';
import type { Target } from '../databases/target.ts';
import { type Users, usersOf } from '../databases/users.ts';
import type { MigrationTool } from '../domain/migration-tools.ts';
import type { CapturedMigration, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { FirebreakError } from '../errors.ts';
import { loadCaptured } from '../store/captured-migrations.ts';
import {
  incidentNumber,
  printJson,
  type StoreOptions,
  toolOption,
  withStore,
  wrongUsage,
} from './options.ts';
import { refused } from './report.ts';
import { factsOf, type Halves, needsOf, type PlanFacts, readHalves } from './rollback-facts.ts';
import { namesTarget, onTarget, type TargetOptions, withTarget } from './targets.ts';
import { onStore } from './terminal.ts';

interface PlanOptions extends TargetOptions, StoreOptions {
  readonly migration?: string;
  readonly dir?: string;
  readonly tool: MigrationTool;
  readonly up?: string;
  readonly down?: string;
  readonly incident?: number;
  readonly rehearse?: true;
  readonly json?: true;
}

/** What is known of a rollback, and why it is refused when it is. */
interface Outcome {
  readonly facts?: PlanFacts;
  /** In plain words; made from the facts unless a plan on a target has its own. */
  readonly summary?: readonly string[];
  readonly refusal?: Refusal;
}

export const rollbackCommand = (): Command =>
  new Command('rollback').description('Undoing a migration').addCommand(planCommand());

const planCommand = (): Command =>
  withStore(
    withTarget(new Command('plan'))
      .description(
        'Say what rolling a migration back would do, and what it would not undo; nothing is changed',
      )
      .option('--migration <name>', 'its name in the history of the target')
      .option('--dir <dir>', "the project's migrations (default: what was captured into Firebreak's store)")
      .addOption(toolOption())
      .addOption(new Option('--up <file>', 'its up as SQL').conflicts(['migration', 'dir']))
      .addOption(new Option('--down <file>', 'its down as SQL').conflicts(['migration', 'dir']))
      .option(
        '--incident <number>',
        'plan as a run in that incident would: its snapshot, and so the hash, are the same',
        incidentNumber,
      )
      .option(
        '--rehearse',
        'also run it on the target that `rehearsal` names in firebreak.yml, in a transaction that is rolled back',
      )
      .option('--json', 'print facts as JSON'),
  ).action(plan);

async function plan(options: PlanOptions): Promise<void> {
  const { facts, summary, refusal } = await outcomeOf(options);
  if (facts && options.json) printJson(facts);
  if (refusal) {
    refused(refusal);
    return;
  }
  if (facts && !options.json) process.stdout.write(inLines(facts, summary ?? inWords(facts)));
}

function outcomeOf(options: PlanOptions): Promise<Outcome> {
  const { up, down, migration, dir, rehearse } = options;
  if (rehearse && (options.target === undefined || migration === undefined))
    return wrongUsage('--rehearse needs --target and --migration: firebreak.yml says where it is done');
  if (up !== undefined) return fromFiles(up, down, options);
  if (migration === undefined)
    return wrongUsage('--migration <name>, or --up <file> and --down <file>, say what to undo');
  if (namesTarget(options)) return onTarget(options, (target) => fromTarget(target, migration, options));
  if (dir === undefined) return wrongUsage('--target, --url-env or --dir says where the migration is');
  return fromFolder(dir, migration, options.tool);
}

async function fromFiles(up: string, down: string | undefined, options: PlanOptions): Promise<Outcome> {
  const halves = await readHalves(await readFiles(up, down));
  if (!namesTarget(options)) return alone(halves);
  return onTarget(options, async (target) =>
    alone(halves, { needs: needsOf(await usersOf(target, halves.down)) }),
  );
}

/** A file that holds both halves, as node-pg-migrate writes them, may be given for both. */
async function readFiles(up: string, down: string | undefined): Promise<CapturedMigration> {
  const upText = await readFile(up, 'utf8');
  if (down !== undefined && !existsSync(down)) throw new FirebreakError('DOWN_FILE_MISSING', { found: down });
  const downText = down === undefined ? undefined : await readFile(down, 'utf8');
  const fileHash = createHash('sha256')
    .update(`${upText}\0${downText ?? ''}`)
    .digest('hex');
  const name = basename(up, extname(up));
  const sql = downText === undefined ? undefined : downIn(downText, upText);
  return { name, fileHash, up: splitSql(upText).up, ...(sql === undefined ? {} : { down: sql }) };
}

/** The whole file unless it marks its halves; one that is the up as well and marks none has no down. */
const downIn = (text: string, up: string): string | undefined =>
  splitSql(text).down ?? (text === up ? undefined : text);

async function fromFolder(dir: string, migration: string, tool: MigrationTool): Promise<Outcome> {
  const { migrations: captured } = await captureProject(tool, dir);
  const found = captured.find(({ name }) => name === migration);
  return found
    ? alone(await readHalves(found))
    : { refusal: refuse('MIGRATION_NOT_CAPTURED', { migration }) };
}

const alone = (halves: Halves, more: Partial<PlanFacts> = {}): Outcome => ({
  facts: factsOf(halves, more),
  ...(halves.refusal ? { refusal: halves.refusal } : {}),
});

async function fromTarget(target: Target, migration: string, options: PlanOptions): Promise<Outcome> {
  const captured = await capturedOf(target, options);
  const snapshotSchema = `firebreak_${options.incident ?? 'plan'}`;
  const planned = await planOn(target, { migration, captured, snapshotSchema }, options);
  const found = captured.find(({ name }) => name === migration);
  const halves = found && (await readHalves(found));
  if (!planned.ok) return { ...(await whatIsKnown(target, halves, planned)), refusal: planned };
  const { hash, sql, summary, facts, title } = planned.plan;
  const needs = needsOf(facts['users'] as Users);
  return {
    ...(halves ? { facts: factsOf(halves, { hash, sql, needs, ...rehearsalIn(facts) }) } : {}),
    summary: [title, ...summary],
  };
}

async function planOn(
  target: Target,
  request: Parameters<typeof planRollback>[1],
  options: PlanOptions,
): ReturnType<typeof planRollback> {
  const { rehearsal: name } = target.config;
  if (options.rehearse && name === undefined) return refuse('REHEARSAL_NOT_NAMED', { target: target.name });
  const planned = await planRollback(target, request);
  if (!planned.ok || !options.rehearse || name === undefined) return planned;
  const there = { ...options, target: name };
  const plan = await onTarget(there, async (other) => {
    const captured = await capturedOf(other, there);
    return rehearsed(target, planned.plan, { target: other, captured, own: request.captured });
  });
  return { ok: true, plan };
}

const rehearsalIn = ({ rehearsal }: Plan['facts']): Pick<PlanFacts, 'rehearsal'> =>
  rehearsal === undefined ? {} : { rehearsal: rehearsal as Rehearsal };

async function capturedOf(target: Target, options: PlanOptions): Promise<readonly CapturedMigration[]> {
  const { dir, target: named } = options;
  if (dir !== undefined) return (await captureProject(target.config.tool, dir)).migrations;
  if (named === undefined)
    return wrongUsage('--dir says where the migration is: only a named target has captured ones');
  return onStore(options, (store) => loadCaptured(store, named));
}

/** Refusals whose reason is among the facts, so that these are still worth printing. */
const IN_FACTS = new Set([
  'LATER_MIGRATIONS',
  'MIGRATION_NO_DOWN',
  'MIGRATION_OPAQUE_DOWN',
  'MIGRATION_DOWN_NOT_TRANSACTIONAL',
]);

async function whatIsKnown(target: Target, halves: Halves | undefined, { code }: Refusal): Promise<Outcome> {
  if (!halves || !IN_FACTS.has(code)) return {};
  const names = (await appliedMigrations(target)).map(({ name }) => name);
  return alone(halves, { later: names.slice(0, names.indexOf(halves.migration.name)) });
}

function inWords(facts: PlanFacts): readonly string[] {
  const { up, down, restores_schema, restores_data, not_undone, needs } = facts;
  const half = (name: string, it: PlanFacts['up']): string => {
    const traits = [
      it.opaque ? 'cannot be read in full' : '',
      it.transactional ? '' : 'does not run in one transaction',
      it.destroys_data ? 'destroys data' : '',
      it.rewrites ? 'rewrites a table' : '',
      ...it.locks.map(({ relation, mode }) => `locks ${mode} on ${relation}`),
    ].filter((trait) => trait !== '');
    return `The ${name}: ${traits.join('; ') || 'takes no lock, destroys nothing'}.`;
  };
  return [
    'From the files alone: no history was read, and nobody can approve this.',
    `Schema comes back: ${restores_schema}. Data comes back: ${restores_data}.`,
    ...not_undone.map((line) => `NOT undone: ${line}.`),
    half('up', up),
    half('down', down),
    ...needs.map((line) => `Needs: ${line}.`),
    'Later migrations: not known.',
  ];
}

const inLines = ({ hash, sql }: PlanFacts, summary: readonly string[]): string =>
  `${[...summary, `Hash ${hash}`, '', sql].join('\n')}\n`;
