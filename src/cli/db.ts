/** `firebreak db sweep|<check>|list|targets|roles`: what is wrong with a database; reads only. */
import { Command, InvalidArgumentError } from 'commander';
import { type DbWish, readDbWords } from '../app/db-words.ts';
import { isRefusal } from '../app/words.ts';
import { targetNames } from '../config.ts';
import { type Check, loadChecks } from '../databases/check.ts';
import { lookAt, type TargetLook } from '../databases/readiness.ts';
import { rolesSql } from '../databases/roles.ts';
import { sweep } from '../databases/sweep.ts';
import { factLines } from '../domain/facts.ts';
import {
  type CheckFacts,
  type CheckResult,
  checkLine,
  type SweepReport,
  worstFirst,
} from '../domain/sweep.ts';
import { FirebreakError } from '../errors.ts';
import { watchTarget } from './db-watch.ts';
import { printJson } from './options.ts';
import { refused } from './report.ts';
import { namesTarget, onTarget, type TargetOptions, withTarget } from './targets.ts';

interface DbOptions extends TargetOptions {
  readonly json?: true;
  readonly watch?: true;
  readonly every: number;
}

export const dbCommand = (): Command =>
  withTarget(new Command('db'))
    .description('Look at a database: the whole sweep, or one check by its name. It only reads.')
    .argument(
      '[words...]',
      '`sweep` or a check, and a target unless an option names it; ' +
        '`list`: the checks; `targets`: whether each is as it has to be; `roles`: the SQL that makes its roles',
    )
    .option('--watch', 'look again and again, and print only what changes, until Ctrl-C')
    .option('--every <time>', 'how often, as `10s` or `2m`', seconds, 30)
    .option('--json', 'print facts as JSON')
    .action(db);

async function db(words: readonly string[], options: DbOptions): Promise<void> {
  const [verb = 'sweep', ...rest] = words;
  const known = namesTarget(options) ? [] : targetNames(options.config);
  const checks = await loadChecks();
  if (verb === 'list' && rest.length === 0) listChecks(checks, options);
  else if (verb === 'targets' && rest.length === 0) await showTargets(known, options);
  else await onOne(words, known, checks, options);
}

async function onOne(
  words: readonly string[],
  known: readonly string[],
  checks: readonly Check[],
  options: DbOptions,
): Promise<void> {
  const roles = words[0] === 'roles';
  const asked = { checks: roles ? [] : checks.map(({ name }) => name), targets: known };
  const wish = readDbWords(words.slice(roles ? 1 : 0).join(' '), asked);
  if (isRefusal(wish)) {
    refused(wish);
    return;
  }
  const target = wish.target ?? (known.length === 1 ? known[0] : undefined);
  const meant: DbOptions = { ...options, ...(target === undefined ? {} : { target }) };
  if (roles) process.stdout.write(await onTarget(meant, rolesSql));
  else await look(wish, meant);
}

async function look({ check: only, watch }: DbWish, options: DbOptions): Promise<void> {
  const chosen = only === undefined ? {} : { only };
  await onTarget(options, async (target) => {
    if (options.watch || watch) {
      await watchTarget(target, { ...chosen, everyMs: options.every * 1000, json: options.json === true });
      return;
    }
    const report = await sweep(target, { now: new Date(), ...chosen });
    if (options.json) printJson(report);
    else process.stdout.write(inLines(report));
  });
}

/** The worst first; a check that was asked for by name shows what it saw. */
function inLines({ target, checks, took_ms }: SweepReport): string {
  const worst = worstFirst(checks);
  const [only] = checks;
  const facts = checks.length === 1 && only ? factLines(only.facts).map((line) => `        ${line}`) : [];
  return `${[
    ...worst.map(resultLine),
    ...checks.filter((check) => !worst.includes(check)).map(resultLine),
    ...facts,
    `${checks.length === 1 ? '1 check' : `${checks.length} checks`} of ${target} in ${took_ms} ms`,
  ].join('\n')}\n`;
}

const resultLine = ({ check, status, verdict, next }: CheckResult): string =>
  `${status.padEnd(8)}${check}: ${verdict}${next ? `\n        next: ${next}` : ''}`;

function listChecks(checks: readonly Check[], { json }: DbOptions): void {
  const facts = checks.map(
    ({ name, title, firstMinutes, privilege, danger }): CheckFacts => ({
      name,
      title,
      firstMinutes,
      privilege,
      danger,
    }),
  );
  if (json) printJson(facts);
  else process.stdout.write(facts.map((check) => `${checkLine(check)}\n`).join(''));
}

interface TargetFacts extends TargetLook {
  readonly target: string;
}

async function showTargets(names: readonly string[], { config, json }: DbOptions): Promise<void> {
  const facts = await Promise.all(names.map((target) => factsOf(target, config)));
  if (json) printJson(facts);
  else process.stdout.write(facts.map(targetLines).join('') || 'No target is configured.\n');
  if (facts.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

/** Each target fails alone, also by its own part of the configuration. */
async function factsOf(target: string, config: string): Promise<TargetFacts> {
  try {
    return { target, ...(await onTarget({ target, config }, lookAt)) };
  } catch (error) {
    if (!(error instanceof FirebreakError)) throw error;
    return { target, problems: [{ found: error.message, fix: error.fix }] };
  }
}

const targetLines = ({ target, about, problems }: TargetFacts): string =>
  problems.length === 0
    ? `${target}: ready (${about ?? 'unknown'})\n`
    : problems.map(({ found, fix }) => `${target}: ${found}\n        fix: ${fix}\n`).join('');

function seconds(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,5})(s|m)?$/.exec(text) ?? [];
  const found = Number(count) * (unit === 'm' ? 60 : 1);
  if (!(found >= 1))
    throw new InvalidArgumentError(`${text} is not a time of at least a second, as 10s or 2m.`);
  return found;
}
