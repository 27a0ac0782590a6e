/** What happens in the story of a seed: how the release breaks `order_status`, what it damages, who is in the way. */

export type Column = 'status' | 'carrier' | 'tracking_code' | 'eta';

/** How the bad release changes the schema, so that the site's query no longer parses. */
type Break =
  | { readonly kind: 'drop-column'; readonly column: Column }
  | { readonly kind: 'rename-column'; readonly column: Column; readonly to: string }
  | { readonly kind: 'retype-column'; readonly column: 'eta'; readonly to: 'text' }
  | { readonly kind: 'rename-table'; readonly to: string };

export interface Blocker {
  /** The `application_name` under which the forgotten session is seen. */
  readonly application: string;
  readonly role: 'app' | 'owner';
  readonly lock: 'access-share' | 'row';
}

export interface Story {
  readonly seed: number;
  readonly form: Break['kind'];
  readonly change: Break;
  /** The columns that the release's UPDATE overwrites; a dropped column is not among them. */
  readonly damagedColumns: readonly Column[];
  /** Percent of the rows of `order_status` that the UPDATE overwrites. */
  readonly share: number;
  readonly blocker: Blocker;
  /** Name of the bad release in `pgmigrations`. */
  readonly migration: string;
  /** Name of the status table once the release is applied. */
  readonly tableAfter: string;
}

export interface Random {
  /** An integer from 0 to below - 1. */
  below(limit: number): number;
  pick<T>(values: readonly T[]): T;
}

const COLUMNS: readonly Column[] = ['status', 'carrier', 'tracking_code', 'eta'];
const FORMS: readonly Break['kind'][] = ['drop-column', 'rename-column', 'retype-column', 'rename-table'];
const RENAMED: Readonly<Record<Column, readonly string[]>> = {
  status: ['state', 'order_state'],
  carrier: ['carrier_name', 'shipped_by'],
  tracking_code: ['tracking_number', 'tracking'],
  eta: ['expected_on', 'delivery_date'],
};

/** The same seed tells the same story; four seeds in a row show all four forms of the break. */
export function storyOf(seed: number): Story {
  const random = randomOf(seed);
  const change = breakOf(FORMS[Math.abs(seed) % FORMS.length] ?? 'drop-column', random);
  return {
    seed,
    form: change.kind,
    change,
    damagedColumns: damagedBy(change, random),
    share: 20 + random.below(61),
    blocker: {
      application: random.pick(['psql', 'dbeaver', 'cron-report', 'metabase']),
      role: random.pick(['app', 'owner']),
      lock: random.pick(['access-share', 'row']),
    },
    migration: `1717408740000_${titleOf(change)}`,
    tableAfter: change.kind === 'rename-table' ? change.to : 'order_status',
  };
}

/** mulberry32: small, fast, and the same on every machine. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick: <T>(values: readonly T[]): T => {
      const value = values[below(values.length)];
      if (value === undefined) throw new Error('nothing to pick from');
      return value;
    },
  };
}

function breakOf(kind: Break['kind'], random: Random): Break {
  switch (kind) {
    case 'drop-column':
      // `status` is NOT NULL: a down that adds it back empty would fail.
      return { kind, column: random.pick(['carrier', 'tracking_code', 'eta']) };
    case 'rename-column': {
      const column = random.pick(COLUMNS);
      return { kind, column, to: random.pick(RENAMED[column]) };
    }
    case 'retype-column':
      return { kind, column: 'eta', to: 'text' };
    case 'rename-table':
      return { kind, to: random.pick(['order_statuses', 'order_state', 'order_status_v2']) };
  }
}

function damagedBy(change: Break, random: Random): readonly Column[] {
  const lost = change.kind === 'drop-column' ? change.column : undefined;
  const candidates = COLUMNS.filter((column) => column !== lost);
  const damaged = candidates.filter(() => random.below(2) === 0);
  return damaged.length > 0 ? damaged : [random.pick(candidates)];
}

function titleOf(change: Break): string {
  switch (change.kind) {
    case 'drop-column':
    case 'rename-column':
      return change.column === 'status'
        ? 'order-status-cleanup'
        : `order-status-${change.column.replace('_', '-')}-cleanup`;
    case 'retype-column':
      return 'order-status-eta-free-text';
    case 'rename-table':
      return 'order-status-naming';
  }
}
