/** The bot's own PostgreSQL: whether it is there, and as the bot needs it. */
import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ident } from '../databases/names.ts';
import { sqlstateOf } from '../databases/pg-errors.ts';
import { explain, FirebreakError } from '../errors.ts';
import { type Account, packagedBinaries, unprivilegedAccount } from '../store/embedded/binaries.ts';
import { isCluster } from '../store/embedded/cluster.ts';
import { startEmbedded } from '../store/embedded.ts';
import { lookAtStore, type ServerLook, type StoreLook } from '../store/look.ts';
import type { SchemaStand } from '../store/migrate.ts';
import { VERSION } from '../version.ts';
import { clockFinding } from './clocks.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { nearestFolder } from './machine.ts';

export interface OwnStoreParts {
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
}

export interface OwnStoreFound {
  readonly findings: readonly Finding[];
  /** Undefined: it does not answer. */
  readonly look?: Pick<StoreLook, 'atWork' | 'arrivals'>;
}

/** Nothing has run there yet. */
const NOTHING: OwnStoreFound['look'] & object = { atWork: { running: false }, arrivals: {} };

/** The embedded server is attached to, or started for as long as this takes; one that was never made is not made. */
export async function examineOwnStore(parts: OwnStoreParts): Promise<OwnStoreFound> {
  const { databaseUrl, dataDir } = parts;
  try {
    if (databaseUrl !== undefined) return examined(await lookAtStore(databaseUrl), { dataDir });
    if (await isCluster(join(dataDir, 'postgres'))) return await onEmbedded(dataDir);
    return { findings: [await notMadeYet(dataDir)], look: NOTHING };
  } catch (error) {
    return { findings: [away(error, databaseUrl === undefined)] };
  }
}

async function onEmbedded(dataDir: string): Promise<OwnStoreFound> {
  const server = await startEmbedded({ dataDir });
  try {
    return examined(await lookAtStore(server.url('firebreak')), { dataDir });
  } catch (error) {
    if (sqlstateOf(error) !== NO_SUCH_DATABASE) throw error;
    return { findings: [noDatabase(dataDir)], look: NOTHING };
  } finally {
    await server.leave();
  }
}

const NO_SUCH_DATABASE = '3D000';

/** A first start that was killed in between leaves none; nor does somebody who dropped it. */
const noDatabase = (dataDir: string): Finding =>
  warn(
    'store',
    `The PostgreSQL in ${dataDir} has no database "firebreak".`,
    'If it had one, bring it back with npx firebreak restore; the next start makes an empty one.',
  );

/** A first start needs the binaries, and a user that may get to the folder. */
async function notMadeYet(dataDir: string): Promise<Finding> {
  const account = await unprivilegedAccount();
  await packagedBinaries();
  const above = await nearestFolder(dirname(resolve(dataDir)));
  if (account && !(await mayPass(above, account)))
    return fail(
      'store',
      `PostgreSQL does not run as root, and the user that it runs as (${account.uid}) may not pass through ${above}.`,
      `chmod o+x ${above}, or name another folder by --data-dir; /var/lib/firebreak is the usual one.`,
    );
  return ok('store', `Not there yet: the first start makes a PostgreSQL of its own in ${dataDir}.`);
}

const mayPass = (folder: string, account: Account): Promise<boolean> =>
  promisify(execFile)('test', ['-x', folder], { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  );

function away(error: unknown, embedded: boolean): Finding {
  if (error instanceof FirebreakError) return fail('store', error.message, error.fix);
  // A bot may run there, so that no connection to Slack is opened beside it.
  if (embedded && (error as { readonly code?: unknown }).code === 'EACCES')
    return fail(
      'store',
      `You may not read the data folder: ${(error as Error).message}.`,
      'Run this as the user that Firebreak runs as, in the folder of its firebreak.yml.',
    );
  const found = error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error);
  return fail(
    'store',
    `It does not answer: ${found.replace(/^\w*[Ee]rror: /, '')}.`,
    embedded
      ? 'Read postgres.log in the data folder.'
      : 'Check host, port, user, password and database of DATABASE_URL, that the server is up, and its pg_hba.conf.',
  );
}

function examined(look: StoreLook, { dataDir }: { readonly dataDir: string }): OwnStoreFound {
  const { server, medianMs, clock, pooling, schema, atWork } = look;
  const own = server.folder !== null && resolve(server.folder) === resolve(dataDir, 'postgres');
  const findings = [
    version(server),
    rights(server, own),
    stand(schema),
    ...pooled(pooling),
    speed(medianMs),
    room(server, atWork.running),
    clockFinding('store clock', "the store's", clock),
  ];
  return { findings, look };
}

/** idle_session_timeout, by which a frozen instance loses its leases, came with 14. */
const OLDEST = 14;

function version({ version: found, versionNum, encoding, durable, readOnly, standby }: ServerLook): Finding {
  const name = 'store';
  const it = `PostgreSQL ${found.split(' ')[0] ?? found}`;
  if (versionNum < OLDEST * 10_000)
    return fail(name, `It is ${it}.`, `Move it to PostgreSQL ${OLDEST} or later; 18 is what is tested.`);
  if (standby || readOnly)
    return fail(
      name,
      `${it} takes no writes: ${standby ? 'it is a standby' : 'its transactions are read only'}.`,
      'Point DATABASE_URL to the primary, and do not set default_transaction_read_only for its role.',
    );
  if (encoding !== 'UTF8')
    return fail(
      name,
      `Its database is encoded in ${encoding}: not everything that people type can be kept.`,
      "Make it anew: `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`.",
    );
  if (!durable)
    return warn(
      name,
      `${it} forgets the last commits when it crashes: fsync, full_page_writes or synchronous_commit is off.`,
      'Turn them on: Slack is told that a command is recorded once it is committed.',
    );
  return ok(name, `${it} answers.`);
}

/** The first schema of search_path is where tables are made; by default one that is named as the role goes before public. */
function rights(
  { role, superuser, schema, creates, elsewhere, database }: ServerLook,
  own: boolean,
): Finding {
  const name = 'store rights';
  if (schema === null)
    return fail(
      name,
      `No schema of the search_path of ${role} is there.`,
      `CREATE SCHEMA ${named(role)} AUTHORIZATION ${named(role)};`,
    );
  const [other] = elsewhere;
  if (other !== undefined)
    return fail(
      name,
      `The tables are in the schema ${other}, but ${role} makes and looks for them in ${schema}.`,
      `ALTER ROLE ${named(role)} IN DATABASE ${named(database)} SET search_path = ${named(other)};`,
    );
  if (!creates)
    return fail(
      name,
      `${role} may create no tables in the schema ${schema}.`,
      `GRANT CREATE ON SCHEMA ${named(schema)} TO ${named(role)};`,
    );
  if (superuser && !own)
    return warn(
      name,
      `${role} is a superuser, which it need not be.`,
      `Give Firebreak a role of its own: CREATE ROLE firebreak LOGIN PASSWORD …; CREATE DATABASE firebreak OWNER firebreak;`,
    );
  return ok(name, `${role} may create its tables in the schema ${schema}.`);
}

/** Quoted where SQL needs it. */
const named = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : ident(name));

function stand({ missing, needed }: SchemaStand): Finding {
  const name = 'store schema';
  if (needed !== undefined) {
    const { message, fix } = explain('STORE_TOO_NEW', { needed, found: VERSION });
    return fail(name, message, fix);
  }
  if (missing.length === 0) return ok(name, 'Up to date.');
  return ok(name, `The next start applies ${missing.length} migrations.`);
}

const POOL =
  'Point DATABASE_URL to PostgreSQL itself, or to a pool in session mode of at least 16 connections.';

/** Leases and announcements are of a session: behind a pool that hands it on they would be somebody else's. */
function pooled(pooling: StoreLook['pooling']): readonly Finding[] {
  const name = 'store pooling';
  switch (pooling) {
    case 'none':
      return [ok(name, 'A direct connection.')];
    case 'session':
      return [ok(name, 'A pooler that keeps a session for each connection.')];
    case 'narrow':
      return [fail(name, 'A pooler that gave no second connection within 5 s.', POOL)];
    case 'transaction':
      return [
        fail(name, 'A pooler that hands sessions on after each transaction: leases would not hold.', POOL),
      ];
  }
}

/** The ack of a command waits for one commit. */
const SLOW_MS = 50;
/** What the inbox waits for an answer is 1.5 s. */
const HOPELESS_MS = 1000;

function speed(ms: number): Finding {
  const name = 'store speed';
  const found = `A statement takes ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms, there and back.`;
  const fix = 'Run Firebreak nearer to its store; Slack waits for one commit before each ack, at most 3 s.';
  if (ms >= HOPELESS_MS) return fail(name, found, fix);
  return ms >= SLOW_MS ? warn(name, found, fix) : ok(name, found);
}

/** Two pools of 8 and 3, the leases, the announcements, and one for what is begun anew. */
const NEEDED = 14;

function room({ room: left }: ServerLook, running: boolean): Finding {
  const name = 'store room';
  const needed = running ? 2 : NEEDED;
  if (left >= needed) return ok(name, `${left} more connections can be opened.`);
  const found = `Only ${Math.max(0, left)} more connections can be opened; ${running ? 'the next burst takes more' : `a bot takes ${NEEDED}`}.`;
  return warn(name, found, 'Raise max_connections, or the CONNECTION LIMIT of the role or database.');
}
