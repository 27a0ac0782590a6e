/** Whether the standbys follow, and what replication slots keep the server from forgetting. */
import { type Check, defineCheck, type Finding, judge, type Limits } from '../check.ts';
import { literal } from '../names.ts';
import { seeingAll } from '../privileges.ts';
import type { Target } from '../target.ts';
import { age, count, size } from '../words.ts';

interface Standby {
  readonly name: string;
  readonly state: string;
  readonly sync_state: string;
  readonly lag_bytes: number | null;
  readonly lag_s: number;
}

/** A standby that has others behind it has no position of its own to write at: it has what it received. */
const HERE = `case when pg_is_in_recovery()
                   then coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                   else pg_current_wal_lsn() end`;

const STANDBYS = `
  select coalesce(nullif(application_name, ''), client_addr::text, 'pid ' || pid) as name,
         coalesce(state, 'starting') as state,
         coalesce(sync_state, 'async') as sync_state,
         pg_wal_lsn_diff(${HERE}, replay_lsn)::float8 as lag_bytes,
         coalesce(extract(epoch from replay_lag), 0)::float8 as lag_s
    from pg_stat_replication
   where state is distinct from 'backup'
   order by 5 desc, 4 desc nulls first
   limit 20`;

interface Self {
  readonly standby: boolean;
  readonly paused: boolean;
  readonly receiver: string | null;
  /** Everything received is replayed. */
  readonly caught_up: boolean;
  readonly replayed_s: number | null;
  /** Commits wait for standbys of these names. */
  readonly sync_names: string;
}

const SELF = `
  select pg_is_in_recovery() as standby,
         case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end as paused,
         (select status from pg_stat_wal_receiver) as receiver,
         coalesce(pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), false) as caught_up,
         extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 as replayed_s,
         current_setting('synchronous_standby_names') as sync_names`;

interface Slot {
  readonly name: string;
  readonly active: boolean;
  readonly wal_status: string | null;
  readonly retained_bytes: number | null;
}

/** The copies of slots that a standby keeps for a failover are never in use there. */
const slotsSql = (version: number): string => `
  select slot_name::text as name, active, wal_status,
         pg_wal_lsn_diff(${HERE}, restart_lsn)::float8 as retained_bytes
    from pg_replication_slots
   where not temporary ${version >= 17 ? 'and not (synced and pg_is_in_recovery())' : ''}
   order by active, 4 desc nulls last
   limit 20`;

const check: Check = defineCheck({
  name: 'replication',
  title: 'Whether the standbys follow, and what replication slots keep',
  order: 75,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Seconds that a standby is behind. */
  limits: { warn: 5, crit: 60 },
  source:
    'awesome-prometheus-alerts has 5 s, crit is ours; 50 and 100 MB, and an inactive slot is critical: pgMonitor',
  run: seeingAll(async (target, { limits, version }) => {
    const standbys = await target.read<Standby>(STANDBYS);
    const slots = await target.read<Slot>(slotsSql(version));
    const [self] = await target.read<Self>(SELF);
    if (self === undefined) throw new Error('the server did not say whether it is a standby');
    const troubles = [
      ...slots.flatMap(slotTrouble),
      ...(self.standby ? selfTrouble(self, limits) : syncTrouble(self, standbys)),
      ...standbys.flatMap((it) => standbyTrouble(it, limits)),
    ].sort((a, b) => Number(b.status === 'crit') - Number(a.status === 'crit'));
    const facts = { self, standbys, slots };
    const [worst] = troubles;
    if (worst === undefined) return { status: 'ok', verdict: fine(self, standbys, slots), facts };
    const verdict = troubles
      .slice(0, 3)
      .map((it) => it.verdict)
      .join(' ');
    return { status: worst.status, verdict, facts, ...looking(target) };
  }),
});
export default check;

type Trouble = Pick<Finding, 'status' | 'verdict'>;

function slotTrouble({ name, active, wal_status, retained_bytes }: Slot): Trouble[] {
  const slot = `The replication slot ${literal(name)}`;
  if (wal_status === 'lost' || wal_status === 'unreserved') {
    const verdict = `${slot} is ${wal_status}: the WAL its reader needs ${wal_status === 'lost' ? 'is gone' : 'may go any moment'}.`;
    return [{ status: 'crit', verdict }];
  }
  if (active) return [];
  // A slot that was never used keeps nothing yet.
  if (retained_bytes === null) return [{ status: 'warn', verdict: `${slot} was never used.` }];
  return [
    {
      status: 'crit',
      verdict: `${slot} is not in use and keeps ${size(retained_bytes)} of WAL on the disk.`,
    },
  ];
}

const BYTES: Limits = { warn: 50 * 1024 ** 2, crit: 100 * 1024 ** 2 };

/** Its seconds stand still while nothing is replayed: then only the bytes grow. */
function standbyTrouble({ name, state, lag_bytes, lag_s }: Standby, limits: Limits): Trouble[] {
  const by = [lag_s > 0 ? [age(lag_s)] : [], lag_bytes === null ? [] : [size(lag_bytes)]]
    .flat()
    .join(' and ');
  const verdict = `The standby ${literal(name)} (${state}) is ${by} behind.`;
  const both = [judge(lag_s, limits), judge(lag_bytes ?? 0, BYTES)];
  const status = (['crit', 'warn'] as const).find((each) => both.includes(each));
  return status === undefined ? [] : [{ status, verdict }];
}

/** Commits wait for ever when the standby that has to confirm them is away. */
function syncTrouble({ sync_names }: Self, standbys: readonly Standby[]): Trouble[] {
  if (sync_names === '' || standbys.some((it) => it.sync_state !== 'async')) return [];
  const verdict = `Commits wait for a synchronous standby (${sync_names}), and none is connected.`;
  return [{ status: 'crit', verdict }];
}

/** Without a receiver a standby has replayed all that it received, however old that is. */
function selfTrouble({ paused, receiver, caught_up, replayed_s }: Self, limits: Limits): Trouble[] {
  const last = replayed_s === null ? '' : `; the last commit it replayed is ${age(replayed_s)} old`;
  if (paused) return [{ status: 'crit', verdict: `This standby's replay is paused${last}.` }];
  if (receiver !== 'streaming') {
    return [{ status: 'warn', verdict: `This standby receives no WAL from a primary${last}.` }];
  }
  const status = caught_up ? 'ok' : judge(replayed_s ?? 0, limits);
  return status === 'ok' ? [] : [{ status, verdict: `This standby is behind${last}.` }];
}

function fine(self: Self, standbys: readonly Standby[], slots: readonly Slot[]): string {
  if (self.standby) return 'This standby follows its primary.';
  const [furthest] = standbys;
  const behind = furthest === undefined ? '' : `, at most ${age(furthest.lag_s)} behind`;
  return `${count(standbys.length, 'standby')} connected${behind}; ${count(slots.length, 'slot')} in use.`;
}

const looking = ({ name }: Target) => ({
  next: `run replication-lag target=${name}`,
  offers: [{ label: 'Look at replication', line: `run replication-lag target=${name}` }],
});
