/** `firebreak hold list|check|lift`: migrations that were rolled back and must not come back with the next deploy. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { canReach } from '../config.ts';
import { heldByGuards, liftGuardHold } from '../databases/guard/journal.ts';
import type { Target } from '../databases/target.ts';
import { say } from '../domain/decision.ts';
import { nameOf } from '../domain/postmortem/markdown.ts';
import type { Hold } from '../domain/record.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Run } from '../domain/run.ts';
import { FirebreakError, type Values } from '../errors.ts';
import { findHold, liftHold, listHolds } from '../store/holds.ts';
import { loadIncident } from '../store/incidents.ts';
import { loadPeople } from '../store/people.ts';
import { loadRun } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { printJson, type StoreOptions, withStore } from './options.ts';
import { refused } from './report.ts';
import { onTarget } from './targets.ts';
import { onStore, onTerminal, type Terminal } from './terminal.ts';

interface HoldOptions extends StoreOptions {
  readonly target: string;
  readonly migration: string;
  readonly config: string;
  readonly json?: true;
}

interface LiftOptions extends HoldOptions {
  readonly reason: string;
}

export const holdCommand = (): Command =>
  new Command('hold')
    .description('Migrations that were rolled back: they are held until somebody lifts it')
    .addCommand(
      withStore(new Command('list').description('What is held, oldest first'))
        .option('--target <name>', 'on this target only')
        .option('--json', 'print facts as JSON')
        .action(list),
    )
    .addCommand(
      withMigration(
        new Command('check').description('Exit 1 when the migration is held: for the deploy, in CI'),
      )
        .option('--config <file>', 'the configuration; the target it names is asked, too', 'firebreak.yml')
        .option('--json', 'print facts as JSON')
        .action(check),
    )
    .addCommand(
      withMigration(new Command('lift').description('Let the migration be deployed again'))
        .requiredOption('--reason <text>', 'why it is safe now; it goes into the timeline')
        .option('--config <file>', 'the configuration', 'firebreak.yml')
        .action(lift),
    );

const withMigration = (command: Command): Command =>
  withStore(command)
    .requiredOption('--target <name>', 'the target')
    .requiredOption('--migration <name>', 'the migration');

async function list(options: StoreOptions & Partial<HoldOptions>): Promise<void> {
  const holds = await onStore(options, (store) => listHolds(store, options.target));
  if (options.json) printJson({ holds: holds.map(holdFacts) });
  else process.stdout.write(holds.length === 0 ? 'Nothing is held.\n' : holds.map(inLine).join(''));
}

const holdFacts = ({ target, migration, incidentId, runId, since, returnedAt }: Hold) => ({
  target,
  migration,
  incident: incidentId,
  run: runId ?? null,
  since: since.toISOString(),
  ...(returnedAt ? { applied_again: returnedAt.toISOString() } : {}),
});

const inLine = ({ target, migration, incidentId, runId, since, returnedAt }: Hold): string =>
  `${target}: ${migration}, since ${since.toISOString()} (incident ${incidentId}, ${runId === undefined ? 'by a guard' : `run ${runId}`})${returnedAt ? ', APPLIED AGAIN' : ''}\n`;

async function check(options: HoldOptions): Promise<void> {
  const { target, migration, json } = options;
  const held = await onStore(options, async (store) => {
    const hold = await findHold(store, target, migration);
    return hold && { facts: holdFacts(hold), why: await whyHeld(store, hold) };
  });
  const found = held ?? (await heldInTarget(options));
  if (json) printJson({ held: found !== undefined, target, migration, ...found?.facts });
  if (found) throw new FirebreakError('MIGRATION_HELD', found.why);
  if (!json) process.stdout.write(`${migration} is not held on ${target}\n`);
}

/** A guard writes down in the target what it undid: the bot may not have seen it yet. */
async function heldInTarget(
  options: HoldOptions,
): Promise<{ readonly facts: Readonly<Record<string, unknown>>; readonly why: Values } | undefined> {
  const { target: named, migration } = options;
  const hold = await onNamedTarget(options, async (target) =>
    (await heldByGuards(target)).find((it) => it.migration === migration),
  );
  if (!hold) return undefined;
  const since = hold.since.toISOString();
  const nobody = 'nobody, by policy';
  const why = {
    incident: 'not known yet',
    title: `guard ${hold.guard}`,
    run: 'none',
    requester: nobody,
    approver: nobody,
  };
  return { facts: { since, guard: hold.guard }, why: { target: named, migration, since, ...why } };
}

/** Without a configuration that names the target, and its URLs, only the store can be asked. */
async function onNamedTarget<T>(
  { config, target }: HoldOptions,
  work: (target: Target) => Promise<T>,
): Promise<T | undefined> {
  if (!existsSync(config) || !canReach(config, target)) return undefined;
  return onTarget({ config, target }, work);
}

/** Who, when and why, by name. */
async function whyHeld(store: Store, { target, migration, incidentId, runId, since }: Hold): Promise<Values> {
  const [incident, run, people] = await Promise.all([
    loadIncident(store, incidentId),
    runId === undefined ? undefined : loadRun(store, runId),
    loadPeople(store),
  ]);
  const named = (actor: string | undefined): string =>
    actor === undefined ? 'not known' : nameOf(actor, people);
  return {
    target,
    migration,
    since: since.toISOString(),
    incident: incidentId,
    // A deploy's log is read by everybody.
    title: incident?.private ? 'private' : (incident?.title ?? 'not known'),
    run: runId ?? 'none, a guard did it by policy',
    requester: named(run?.requestedBy),
    approver: named(run && approverOf(run)),
  };
}

const approverOf = ({ steps }: Run): string | undefined =>
  steps.map(({ approval }) => approval?.decision).find((decision) => decision?.kind === 'approved')?.by;

const lift = (options: LiftOptions): Promise<void> =>
  onTerminal(options, async (terminal) => {
    const refusal = await lifted(terminal, options);
    const text = `The hold on ${options.migration} was lifted by ${terminal.actor}: ${options.reason}`;
    const byGuard =
      options.reason.trim() !== '' &&
      (await onNamedTarget(options, (target) => liftGuardHold(target, options.migration, text, new Date())));
    if (refusal && !(byGuard === true && refusal.code === 'NOT_HELD')) {
      refused(refusal);
      return;
    }
    process.stdout.write(`${options.migration} is no longer held on ${options.target}\n`);
  });

/** The hold goes only once the timeline says so: a crash in between leaves it held. */
const lifted = (
  { store, app, actor }: Terminal,
  { target, migration, reason }: LiftOptions,
): Promise<Refusal | undefined> =>
  store.transaction(async (tx) => {
    if (reason.trim() === '')
      return refuse('REASON_MISSING', {
        verb: 'hold lift --reason',
        example: '"mended in the next release"',
      });
    const hold = await findHold(tx, target, migration);
    if (!hold || !(await liftHold(tx, target, migration))) return refuse('NOT_HELD', { target, migration });
    const text = `The hold on migration ${migration} of ${target} was lifted: ${reason}`;
    const incident = await loadIncident(tx, hold.incidentId);
    const effects = incident ? [say(incident, `:unlock: ${text} (${actor})`)] : [];
    const details = { target, migration, held_since: hold.since.toISOString() };
    const recorded = await app.act(hold.incidentId, {
      kind: 'record',
      by: actor,
      entry: 'change',
      text,
      details,
      effects,
    });
    // A throw: the transaction must not end with the hold gone and nothing written.
    if (!recorded.ok) throw new FirebreakError('INCIDENT_UNKNOWN', { found: hold.incidentId });
    return undefined;
  });
