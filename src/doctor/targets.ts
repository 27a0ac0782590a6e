/** The databases that the bot looks after: whether each is as the night needs it, by its roles, probes and history. */
import { appliedMigrations } from '../databases/history.ts';
import { errorText, isPrivilege } from '../databases/pg-errors.ts';
import { runProbes } from '../databases/probe.ts';
import { lookAt } from '../databases/readiness.ts';
import { readServerLog } from '../databases/server-log.ts';
import { clockOf, setupOf } from '../databases/settings.ts';
import { endQuietly, openTarget, type Target } from '../databases/target.ts';
import type { TargetSettings } from '../domain/target-settings.ts';
import { FirebreakError } from '../errors.ts';
import type { MonitorSettings } from '../monitors/contract.ts';
import { clockFinding } from './clocks.ts';
import { examined, type Finding, fail, ok, skipped, warn } from './finding.ts';

export interface TargetsParts {
  readonly targets: Readonly<Record<string, TargetSettings>>;
  readonly monitors: readonly MonitorSettings[];
  readonly now: () => Date;
}

/** Each fails alone. One whose URL is not set was told of with the configuration. */
export async function examineTargets(parts: TargetsParts): Promise<readonly Finding[]> {
  const known = Object.values(parts.targets).filter(({ urls }) => urls.diag !== '');
  const found = await Promise.all(
    known.map((config) => examined(`target ${config.name}`, () => examine(config, parts))),
  );
  return found.flat();
}

async function examine(config: TargetSettings, parts: TargetsParts): Promise<readonly Finding[]> {
  const target = openTarget(config);
  try {
    const { about, problems } = await lookAt(target);
    const name = `target ${config.name}`;
    const wrong = problems.map(({ found, fix }) => fail(name, found, fix));
    if (about === undefined) return wrong;
    return [
      ...(wrong.length > 0 ? wrong : [ok(name, `${about}.`)]),
      ...(await lookDeeper(name, target, parts)),
    ];
  } finally {
    await target.close();
  }
}

async function lookDeeper(
  name: string,
  target: Target,
  { monitors, now }: TargetsParts,
): Promise<readonly Finding[]> {
  const counting = monitors.filter((it) => it.target === target.name && it.look.kind === 'errors');
  const isUsual = counting.every((it) => it.name === `${target.name}:errors`);
  const looks: Readonly<Record<string, (line: string) => Promise<Finding | readonly Finding[]>>> = {
    ...(ddlPath(target.config) ? { ddl: (line) => pathOfDdl(line, target.config) } : {}),
    setup: (line) => setup(line, target),
    history: (line) => history(line, target),
    probes: (line) => probes(line, target),
    ...(counting.length > 0 ? { log: (line) => serverLog(line, target, isUsual, now()) } : {}),
    clock: async (line) => clockFinding(line, `${target.name}'s`, await clockOf(target)),
  };
  const found: Finding[] = [];
  // One after the other: a target gets two connections at most.
  for (const [what, look] of Object.entries(looks))
    found.push(...(await examined(`${name} ${what}`, () => look(`${name} ${what}`))));
  return found;
}

/** The way to `ddl`, with the user of `act`; undefined where it is that of `act`, which was looked at, or cannot be tried. */
function ddlPath({ urls }: TargetSettings): string | undefined {
  const [act, ddl] = [urls.act, urls.ddl].map((url) =>
    URL.canParse(url ?? '') ? new URL(url ?? '') : undefined,
  );
  if (!act || !ddl || (act.host === ddl.host && act.pathname === ddl.pathname)) return undefined;
  ddl.username = act.username;
  ddl.password = act.password;
  return ddl.href;
}

/** `ddl` itself is opened for approved plans only: its way is tried as `act`. */
async function pathOfDdl(name: string, config: TargetSettings): Promise<Finding> {
  const path = ddlPath(config) ?? '';
  const target = openTarget({ ...config, urls: { ...config.urls, act: path } });
  try {
    await endQuietly(await target.session('act', 3000));
    return ok(name, 'Its host and port lead to the database without a pooler.');
  } catch (error) {
    if (!(error instanceof FirebreakError))
      return skipped(
        name,
        `Not tried, since \`act\` gets nowhere by its host and port: ${errorText(error)}.`,
      );
    return fail(name, error.message.replace('The act', 'The ddl'), error.fix.replaceAll(' act ', ' ddl '));
  } finally {
    await target.close();
  }
}

async function setup(name: string, target: Target): Promise<Finding> {
  const { tracks, statements } = await setupOf(target);
  if (!tracks)
    return warn(
      name,
      'track_activities is off: nobody sees what a session does.',
      'ALTER SYSTEM SET track_activities = on; SELECT pg_reload_conf();',
    );
  const more = statements ? 'with pg_stat_statements' : 'without pg_stat_statements, which is optional';
  return ok(name, `Sessions say what they do; ${more}.`);
}

async function history(name: string, target: Target): Promise<Finding> {
  const { tool } = target.config;
  try {
    const [newest] = await appliedMigrations(target);
    return ok(name, `${tool}: ${newest === undefined ? 'nothing is applied' : `newest is ${newest.name}`}.`);
  } catch (error) {
    const found = `The history of ${tool} cannot be read: ${errorText(error)}.`;
    const grant = 'GRANT USAGE on its schema and SELECT on the table to the diag role';
    if (isPrivilege(error)) return fail(name, found, `${grant}; \`firebreak db roles\` prints it.`);
    return warn(
      name,
      found,
      `Set \`targets.${target.name}.history.table\` and \`tool\` as the project has them.`,
    );
  }
}

async function probes(name: string, target: Target): Promise<readonly Finding[]> {
  if (target.config.probes.length === 0)
    return [
      skipped(
        name,
        'It has none: what breaks the site is not noticed here, and no rollback can be checked.',
        `Name the queries that the site depends on in \`targets.${target.name}.probes\`.`,
      ),
    ];
  const results = await runProbes(target);
  const red = results.filter(({ ok: green }) => !green);
  if (red.length === 0) return [ok(name, `${results.length} asked, all green.`)];
  return red.map(({ name: probe, error = 'it is red', sqlstate }) =>
    sqlstate === FORBIDDEN
      ? fail(name, `${probe}: ${error}.`, `GRANT SELECT on what it reads to the diag role of ${target.name}.`)
      : warn(name, `${probe} is red: ${error}.`, `Look why: \`firebreak db sweep --target ${target.name}\`.`),
  );
}

const FORBIDDEN = '42501';

/** Errors that applications report are counted all the same; the usual monitor makes do with them. */
async function serverLog(name: string, target: Target, isUsual: boolean, now: Date): Promise<Finding> {
  const read = await readServerLog(target, undefined, now);
  if (read.kind === 'read') return ok(name, 'The errors in it are counted.');
  if (isUsual)
    return ok(name, `Optional, and not read: ${read.reason} Errors that applications report are counted.`);
  return skipped(name, `Not read: ${read.reason}`, `${read.fix}; or report errors to POST /events/errors.`);
}
