/** A database somebody runs: connections to it that can neither hang nor leave anything behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { TargetIdentity } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { TargetSettings } from '../domain/target-settings.ts';
import { FirebreakError } from '../errors.ts';
import { errorText, sqlstateOf } from './pg-errors.ts';
import { ANSWER_GRACE_MS, connection, createReader, cut, isUnanswered, type Reader, soon } from './reader.ts';

export type TargetConfig = TargetSettings;

export interface Target {
  readonly name: string;
  readonly config: TargetConfig;
  readonly read: Reader['read'];
  readonly reads: Reader['reads'];
  /** Throws TARGET_IS_STANDBY on a standby: nothing can be planned there, and nothing done. */
  identity(): Promise<TargetIdentity>;
  /**
   * A fresh direct connection, checked to lead to the same database; the caller ends it after its step. What the
   * server does not answer, some time after its own timeout for a statement, is given up as a cut connection.
   */
  session(role: 'act' | 'ddl', statementTimeoutMs?: number): Promise<pg.Client>;
  /** Opens a connection for reading at once and keeps one open: when connections run out it may be the only way in. */
  keepWarm(): void;
  close(): Promise<void>;
}

/** Of a session's statement unless its caller has another one: a COMMIT after a minute of work is answered, too. */
const SESSION_TIMEOUT_MS = 60_000;
const GOODBYE_MS = 2000;

/** Opens a target; nothing connects until it is read, or told to be kept warm. */
export function openTarget(config: TargetConfig): Target {
  const reader = createReader(config.urls.diag);
  const { read, reads } = reader;
  const identity = () => readIdentity(config.name, read);
  return {
    name: config.name,
    config,
    read,
    reads,
    identity,
    session: async (role, timeoutMs = SESSION_TIMEOUT_MS) =>
      openSession(config, role, await identity(), timeoutMs + ANSWER_GRACE_MS),
    keepWarm: reader.keepWarm,
    close: reader.close,
  };
}

interface IdentityRow {
  readonly system_identifier: string;
  readonly database: string;
  readonly oid: string;
  readonly timeline: number;
  readonly standby: boolean;
}

/** On a primary the timeline comes from the WAL position: the control file lags after a promotion. */
const IDENTITY = `
  select s.system_identifier::text,
         d.datname as database,
         d.oid::text,
         case when pg_is_in_recovery() then c.timeline_id
              else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
         end as timeline,
         pg_is_in_recovery() as standby
    from pg_control_system() s, pg_control_checkpoint() c, pg_database d
   where d.datname = current_database()`;

async function readIdentity(name: string, read: Target['read']): Promise<TargetIdentity> {
  try {
    return toIdentity(name, await read<IdentityRow>(IDENTITY));
  } catch (error) {
    if (sqlstateOf(error) !== '42501') throw error;
    throw new FirebreakError('TARGET_IDENTITY_UNREADABLE', { target: name, found: errorText(error) }, error);
  }
}

/** A standby has its primary's identity: it is told apart here, for all three roles. */
function toIdentity(target: string, rows: readonly IdentityRow[]): TargetIdentity {
  const [row] = rows;
  if (row === undefined) throw new Error('the identity query returned no row');
  if (row.standby) throw new FirebreakError('TARGET_IS_STANDBY', { target });
  return {
    systemIdentifier: row.system_identifier,
    database: row.database,
    oid: Number(row.oid),
    timeline: row.timeline,
  };
}

async function openSession(
  config: TargetConfig,
  role: 'act' | 'ddl',
  expected: TargetIdentity,
  answerMs: number,
): Promise<pg.Client> {
  const url = config.urls[role];
  if (url === undefined) throw new FirebreakError('TARGET_ROLE_MISSING', { target: config.name, role });
  const client = new pg.Client({ ...connection(url), query_timeout: answerMs });
  abandonSilent(client);
  // Without a listener a connection that breaks between two statements would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await refusePooler(client, config.name, role);
    await refuseOtherDatabase(client, config.name, role, expected);
    return client;
  } catch (error) {
    await endQuietly(client);
    throw error;
  }
}

/** Behind a statement that was never answered no other would be: without this, a ROLLBACK waits as long again. */
function abandonSilent(client: pg.Client): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  const watched = (...args: readonly unknown[]): unknown => {
    const answer = query(...args);
    Promise.resolve(answer).catch((error: unknown) => {
      if (isUnanswered(error)) cut(client);
    });
    return answer;
  };
  Object.assign(client, { query: watched });
}

/** A pooler announces a cancel key of its own: the pid in it is not that of the backend. */
async function refusePooler(client: pg.Client, target: string, role: string): Promise<void> {
  const announced = (client as pg.Client & { readonly processID: number | null }).processID;
  const result = await client.query<{ pid: number }>(soon('select pg_backend_pid() as pid'));
  const pid = result.rows[0]?.pid;
  if (pid === announced) return;
  throw new FirebreakError('TARGET_POOLED', { target, role, found: pid ?? '?', expected: announced ?? '?' });
}

async function refuseOtherDatabase(
  client: pg.Client,
  target: string,
  role: string,
  expected: TargetIdentity,
): Promise<void> {
  const found = toIdentity(target, (await client.query<IdentityRow>(soon(IDENTITY))).rows);
  if (sameIdentity(found, expected)) return;
  const values = { target, role, found: identityText(found), expected: identityText(expected) };
  throw new FirebreakError('TARGET_IDENTITY_MISMATCH', values);
}

/** Why nothing can be planned on a target: it is a standby. */
export async function refuseStandby(target: Target): Promise<Refusal | undefined> {
  try {
    await target.identity();
    return undefined;
  } catch (error) {
    if (!(error instanceof FirebreakError) || error.code !== 'TARGET_IS_STANDBY') throw error;
    return refuse('TARGET_IS_STANDBY', { target: target.name });
  }
}

/** Whether two identities are the same database on the same server, with no failover in between. */
export const sameIdentity = (a: TargetIdentity, b: TargetIdentity): boolean =>
  a.systemIdentifier === b.systemIdentifier &&
  a.database === b.database &&
  a.oid === b.oid &&
  a.timeline === b.timeline;

/** An identity in words. */
export const identityText = (it: TargetIdentity): string =>
  `${it.database} (oid ${it.oid}) on system ${it.systemIdentifier}, timeline ${it.timeline}`;

/** Ends a connection; that it is already broken is no news. A host that fell silent is not waited for. */
export async function endQuietly(client: pg.Client): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), sleep(GOODBYE_MS, undefined, { ref: false })]);
  cut(client);
}
