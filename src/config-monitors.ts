/** What `monitors` of firebreak.yml says, what is wrong with it, and how a target is watched when it says nothing. */
import type { ConfigFile, MonitorFile, TargetFile } from './config-file.ts';
import { checkNames, type Limits } from './databases/check.ts';
import type { MonitorSettings } from './monitors/contract.ts';
import { type ChecksLook, ERROR_RATE, type LookSettings } from './monitors/look-settings.ts';
import { expectedWord, type Mistake } from './yaml.ts';

/** Those of the file, and for each target those of the kinds that the file does not name for it. */
export const monitorsOf = (read: ConfigFile): readonly MonitorSettings[] => {
  const named = Object.entries(read.monitors).map(([name, given]) => monitorOf(name, given));
  return [
    ...named,
    ...Object.entries(read.targets).flatMap(([target, given]) => {
      const kinds = new Set(named.filter((it) => it.target === target).map(({ look }) => look.kind));
      return given.watch ? defaultsOf(target, given).filter(({ look }) => !kinds.has(look.kind)) : [];
    }),
  ];
};

interface Usual {
  readonly everySeconds: number;
  readonly for: number;
  readonly clear: number;
}

const USUAL: Readonly<Record<LookSettings['kind'], Usual>> = {
  probes: { everySeconds: 10, for: 3, clear: 1 },
  http: { everySeconds: 10, for: 3, clear: 3 },
  checks: { everySeconds: 30, for: 2, clear: 3 },
  // They are counted over a minute already.
  errors: { everySeconds: 10, for: 1, clear: 3 },
  // Not before the probes: a share of transactions names neither table nor error.
  error_rate: { everySeconds: 10, for: 3, clear: 3 },
};

function monitorOf(name: string, given: MonitorFile): MonitorSettings {
  const look = lookOf(given);
  const { everySeconds, ...usual } = USUAL[look.kind];
  const { target, service, cron, every_s = everySeconds, timeout_s } = given;
  return {
    name,
    ...(target === undefined ? {} : { target }),
    ...(service === undefined ? {} : { service }),
    schedule: cron === undefined ? { everySeconds: every_s } : { cron },
    look,
    for: given.for ?? given.failures ?? usual.for,
    clear: given.clear ?? usual.clear,
    ...(timeout_s === undefined ? {} : { timeoutMs: timeout_s * 1000 }),
  };
}

/** Nothing named are the probes of the target. */
function lookOf({
  probes,
  http,
  checks,
  level = 'crit',
  limits = {},
  error_rate,
  errors,
}: MonitorFile): LookSettings {
  if (http !== undefined) {
    const { contains, ...page } = http;
    return { kind: 'http', ...page, ...(contains === undefined ? {} : { contains }) };
  }
  if (checks !== undefined) return { kind: 'checks', checks, level, limits };
  if (error_rate !== undefined) return { kind: 'error_rate', ...error_rate };
  if (errors !== undefined) return { kind: 'errors', ...errors };
  return { kind: 'probes', ...(probes === undefined ? {} : { probes }) };
}

/** Cheap enough for every half minute, and critical only where people have to come at once. */
const FAST: ChecksLook = {
  kind: 'checks',
  checks: [
    'connections',
    'checksums',
    'blocking',
    'idle-in-transaction',
    'prepared-transactions',
    'replication',
  ],
  level: 'crit',
  // People who wait for a lock for a second are no outage, nor is a coordinator that takes half a minute.
  limits: { blocking: { warn: 15, crit: 60 }, 'prepared-transactions': { warn: 60, crit: 300 } },
};

/** What takes days to become critical, or reads the catalogs or the file system for it. */
const SLOW: ChecksLook = {
  kind: 'checks',
  checks: ['oldest-xmin', 'wal', 'wraparound', 'sequences'],
  level: 'crit',
  limits: {},
};

const SLOWLY_S = 300;

function defaultsOf(target: string, { probes, services }: TargetFile): readonly MonitorSettings[] {
  const [service, ...others] = services;
  const of = (name: string, look: LookSettings, everySeconds = USUAL[look.kind].everySeconds) => ({
    name: `${target}:${name}`,
    target,
    ...(service === undefined || others.length > 0 ? {} : { service }),
    schedule: { everySeconds },
    look,
    for: USUAL[look.kind].for,
    clear: USUAL[look.kind].clear,
  });
  return [
    ...(probes.length > 0 ? [of('probes', { kind: 'probes' })] : []),
    of('errors', { kind: 'errors', limits: {} }),
    of('error-rate', { kind: 'error_rate', ...ERROR_RATE }),
    of('checks', FAST),
    of('slow-checks', SLOW, SLOWLY_S),
  ];
}

/** Everything that is wrong with the monitors of the file, each by itself and against its target. */
export const monitorMistakes = ({ targets, monitors }: ConfigFile): readonly Mistake[] =>
  Object.entries(monitors).flatMap(([name, given]) =>
    [...ambiguities(given), ...targetMistakes(given, targets), ...checkMistakes(given)].map(
      ({ path, ...mistake }) => ({ path: ['monitors', name, ...path], ...mistake }),
    ),
  );

const KINDS = ['probes', 'http', 'checks', 'error_rate', 'errors'] as const;

/** Of each of these at most one. */
const EITHER = [KINDS, ['every_s', 'cron'], ['for', 'failures']] as const;

const ambiguities = (given: MonitorFile): readonly Mistake[] =>
  EITHER.flatMap((keys) => {
    const [first, ...others] = keys.filter((key) => given[key] !== undefined);
    return others.map((key) => ({
      path: [key],
      found: `it beside ${first ?? ''}`,
      expected: `only one of ${keys.join(', ')}`,
    }));
  });

function targetMistakes(given: MonitorFile, targets: ConfigFile['targets']): readonly Mistake[] {
  const { target, http, probes } = given;
  const known = Object.keys(targets);
  if (target === undefined && http !== undefined) return [];
  const found = target === undefined ? undefined : targets[target];
  if (found === undefined) {
    return [
      {
        path: target === undefined ? [] : ['target'],
        found: target ?? 'no target',
        expected:
          target === undefined
            ? 'a target, or an address under http'
            : `one of ${known.join(', ') || '(no targets)'}`,
      },
    ];
  }
  if (lookOf(given).kind === 'probes' && found.probes.length === 0) {
    const expected = 'a target with at least one probe: without it the monitor would always be green';
    return [{ path: ['target'], found: `${target ?? ''}, which has no probes`, expected }];
  }
  return strangers(
    'probes',
    probes ?? [],
    found.probes.map(({ name }) => name),
  );
}

function checkMistakes({ checks, level, limits = {} }: MonitorFile): readonly Mistake[] {
  if (checks === undefined) {
    return Object.entries({ level, limits: Object.keys(limits)[0] })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ({ path: [key], found: value ?? '', expected: 'it beside checks only' }));
  }
  const known = checkNames();
  const looked = checks === 'first-minutes' ? known : ['connection', ...checks];
  return [
    ...(checks === 'first-minutes' ? [] : strangers('checks', checks, known)),
    ...Object.entries(limits).flatMap(([check, limit]) => limitMistakes(check, limit, looked)),
  ];
}

function limitMistakes(check: string, { warn, crit }: Limits, looked: readonly string[]): readonly Mistake[] {
  const path = ['limits', check];
  if (!looked.includes(check)) return [{ path, found: check, expected: expectedWord(check, looked) }];
  if (warn <= crit) return [];
  return [{ path, found: `warn ${warn} above crit ${crit}`, expected: 'a warning that comes first' }];
}

/** Names in a list that nothing is called by. */
const strangers = (key: string, names: readonly string[], known: readonly string[]): readonly Mistake[] =>
  names.flatMap((name, index) =>
    known.includes(name) ? [] : [{ path: [key, index], found: name, expected: expectedWord(name, known) }],
  );
