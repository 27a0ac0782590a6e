/** What happens in the run of a seed: what people do, what breaks meanwhile, and when. Pure. */
import { type Random, randomOf } from './random.ts';

/** What a person does, one person an act. A token is said by nobody else, so that what came of it can be counted. */
export type Act = { readonly at: number; readonly user: string; readonly incident: number } & (
  | { readonly kind: TokenKind; readonly token: string }
  /** `after`: once all that is dangerous in its incident is over, or once its person has been paged. */
  | { readonly kind: 'line'; readonly line: string; readonly after?: 'danger' | 'page' }
  /** A message that is marked for the timeline, and edited when `edit`. */
  | { readonly kind: 'capture'; readonly token: string; readonly edit: boolean }
  /** A runbook that writes the token into the target, once somebody else has approved it. */
  | { readonly kind: 'danger'; readonly token: string; readonly cut: DangerCut }
);

export const TOKEN_KINDS = ['note', 'update', 'action', 'impact'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];
/** `committed`: the bot is killed when the target has it, and before the bot could write that down. */
type DangerCut = 'none' | 'committed';

/** `home`: its time begins when the first incident has its channel. */
export type Fault = { readonly at: number; readonly home?: boolean } & (
  | {
      readonly kind: 'slack';
      readonly body: Readonly<Record<string, string | number>>;
    }
  | { readonly kind: 'delivery'; readonly body: Readonly<Record<string, string | number>> }
  | { readonly kind: 'kill'; readonly bot: number }
  /** It neither ends nor works, and wakes up when another one has taken over what it did. */
  | { readonly kind: 'freeze'; readonly token: string }
  | { readonly kind: 'store-restart' }
  | { readonly kind: 'store-gone'; readonly ms: number }
  /** `forever`: nobody ever hears again of the connections that there are. */
  | { readonly kind: 'store-silent'; readonly ms: number; readonly forever: boolean }
  | { readonly kind: 'store-read-only'; readonly ms: number }
);

/** How a message that is edited begins afterwards. */
export const CORRECTED = 'seen, and corrected:';

export interface Plan {
  readonly seed: number;
  /** How Slack reaches the bots. */
  readonly mode: 'socket' | 'http';
  readonly bots: 1 | 2 | 3;
  readonly incidents: 1 | 2;
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** Of a dangerous command that is recorded when the last bot dies, and too old when the next one starts. */
  readonly late?: string;
  /** The run is worth nothing without a dangerous step. */
  readonly dangerSurely?: boolean;
}

/** Says the last thing of a run, when nobody works on it any more. */
export const LATECOMER = 'latecomer';

/** Who was told to say what is dangerous again does so, under another name and with another token. */
export const AGAIN = ['', 'b', 'c'] as const;

/** How long people are at work, in ms. */
const LENGTH_MS = 2500;
/** One seed in so many lasts as long as a real restart of a managed database. */
const LONG_EVERY = 60;
/** And one in so many is played over HTTP. */
const HTTP_EVERY = 5;
const MINUTE_MS = 60_000;

/** Who is on call for `database`, level after level; each has so long to answer. */
export const ROSTER = [['pager1'], ['pager2'], ['pager3', 'pager4']] as const;
export const LEVEL_WAIT_MS = 6000;

const LINES: readonly [string, ...string[]] = [
  'lead',
  'severity sev2',
  'severity sev3',
  'status identified',
  'status mitigated',
  'ack',
  'role scribe @dba',
  'timeline',
  'status',
  'run first-five-minutes',
  'postmortem',
];

/** Seed 0: nothing by chance, and each safeguard is needed. Without one of them it must fail each time. */
const DIRECTED: Plan = {
  seed: 0,
  mode: 'socket',
  dangerSurely: true,
  bots: 2,
  incidents: 1,
  acts: inOrder([
    ...Array.from({ length: 3 }, (_, index) => directed(200 + index * 30, 'note', `n${index}`)),
    ...Array.from({ length: 5 }, (_, index) => directed(900 + index * 30, 'update', `u${index}`)),
    {
      at: 2000,
      user: '',
      incident: 1,
      kind: 'danger',
      token: tokenOf(0, 'd'),
      cut: 'committed',
    },
  ]),
  faults: [
    { at: 0, kind: 'delivery', body: { kind: 'duplicate', times: 20 } },
    { at: 0, kind: 'freeze', token: tokenOf(0, 'fz') },
    {
      at: 850,
      home: true,
      kind: 'slack',
      body: { method: 'chat.postMessage', kind: 'drop', effect: 'before', times: 3 },
    },
  ],
};

/** Answers the same for the same seed. */
export function planOf(seed: number): Plan {
  if (seed === 0) return { ...DIRECTED, acts: numbered(DIRECTED.acts) };
  const random = randomOf(seed);
  const incidents = random.percent(30) ? 2 : 1;
  const bots = random.pick([1, 1, 1, 1, 1, 2, 2, 2, 3, 3] as const);
  const dangers = Array.from({ length: incidents }, (_, index) => dangerIn(index + 1, seed, random));
  const acts = [
    ...Array.from({ length: 8 + random.below(7) }, (_, index) => actOf(seed, index, incidents, random)),
    ...burst(seed, incidents, random),
    ...dangers.flat(),
    ...pagingOf(1 + random.below(incidents), random),
    ...Array.from({ length: incidents }, (_, index) => resolveOf(index + 1, random)),
  ];
  const long = seed % LONG_EVERY === 0;
  const faults = Array.from({ length: 3 + random.below(3) }, () => ({
    ...faultOf(bots, long, random),
    home: random.percent(60),
  }));
  const always: Fault[] = [
    { at: 0, kind: 'delivery', body: { kind: 'duplicate', times: 1 + random.below(3) } },
    ...(long ? [{ at: 1000, kind: 'store-gone', ms: MINUTE_MS } as const] : []),
    ...(bots > 1 && random.percent(50)
      ? [{ at: random.below(LENGTH_MS), kind: 'freeze', token: tokenOf(seed, 'fz') } as const]
      : []),
  ];
  return {
    seed,
    mode: seed % HTTP_EVERY === 3 ? 'http' : 'socket',
    bots,
    incidents,
    acts: numbered(inOrder(acts)),
    faults: inOrder([...always, ...faults]),
    ...(random.percent(30) ? { late: tokenOf(seed, 'late') } : {}),
  };
}

function inOrder<T extends { readonly at: number }>(all: readonly T[]): readonly T[] {
  return [...all].sort((a, b) => a.at - b.at);
}

const numbered = (acts: readonly Act[]): readonly Act[] =>
  acts.map((act, index) => ({ ...act, user: act.user || `person${index}` }));

function tokenOf(seed: number, name: string): string {
  return `tok${seed}x${name}z`;
}

function directed(at: number, kind: TokenKind, name: string): Act {
  return { at, user: '', incident: 1, kind, token: tokenOf(0, name) };
}

function actOf(seed: number, index: number, incidents: number, random: Random): Act {
  const at = random.below(LENGTH_MS);
  const common = { at, user: '', incident: 1 + random.below(incidents) };
  const token = tokenOf(seed, `a${index}`);
  const kind = random.pick(['note', 'note', 'note', ...TOKEN_KINDS, 'line', 'line', 'capture'] as const);
  if (kind === 'line') return { ...common, kind, line: random.pick(LINES) };
  if (kind === 'capture') return { ...common, kind, token, edit: random.percent(40) };
  return { ...common, kind, token };
}

/** Several updates in one breath: they wait behind each other. */
function burst(seed: number, incidents: number, random: Random): Act[] {
  const at = random.below(LENGTH_MS);
  const incident = 1 + random.below(incidents);
  return Array.from({ length: 3 }, (_, index) => ({
    at: at + index * 30,
    user: '',
    incident,
    kind: 'update' as const,
    token: tokenOf(seed, `u${index}`),
  }));
}

function dangerIn(incident: number, seed: number, random: Random): Act[] {
  if (!random.percent(90)) return [];
  const cut = random.pick(['none', 'none', 'committed'] as const);
  const token = tokenOf(seed, `d${incident}`);
  return [{ at: random.below(LENGTH_MS / 2), user: '', incident, kind: 'danger', token, cut }];
}

/** A page that goes from level to level; often somebody answers it, in time or not. */
function pagingOf(incident: number, random: Random): Act[] {
  if (!random.percent(60)) return [];
  const at = random.below(LENGTH_MS / 2);
  const [user = ''] = random.pick<readonly string[]>([ROSTER[0], ...ROSTER]);
  const common = { incident, kind: 'line' } as const;
  const asked: Act = { ...common, at, user: '', line: 'escalate database please look' };
  const answer: Act = { ...common, at: at + random.below(LENGTH_MS), user, line: 'ack', after: 'page' };
  return random.percent(70) ? [asked, answer] : [asked];
}

const resolveOf = (incident: number, random: Random): Act => ({
  at: LENGTH_MS + random.below(500),
  user: '',
  incident,
  kind: 'line',
  line: 'resolve it was the deploy',
  // Else it gets in the way of what waits for an approval.
  ...(random.percent(80) ? { after: 'danger' } : {}),
});

const METHODS: readonly [string, ...string[]] = [
  'chat.postMessage',
  'chat.postMessage',
  'chat.update',
  'conversations.create',
  'conversations.history',
  'conversations.invite',
  'users.info',
];

function faultOf(bots: number, long: boolean, random: Random): Fault {
  const at = random.below(LENGTH_MS);
  const draw = random.below(100);
  const method = random.pick(METHODS);
  if (draw < 12) return slack(at, { method, kind: 'ratelimit', retry_after: 1, times: 1 + random.below(6) });
  if (draw < 20) return slack(at, { kind: 'error', times: 1 + random.below(8) });
  if (draw < 40) return slack(at, lost(method, random));
  if (draw < 45) return slack(at, { method, kind: 'timeout', effect: random.pick(['before', 'after']) });
  if (draw < 60) return disturbed(at, random);
  if (draw < 82) return { at, kind: 'kill', bot: random.below(bots) };
  if (draw < 88) return { at, kind: 'store-restart' };
  const ms = 500 + random.below(long ? 8000 : 1500);
  if (draw < 93) return { at, kind: 'store-gone', ms };
  if (draw < 96) return { at, kind: 'store-silent', ms, forever: random.percent(20) };
  return { at, kind: 'store-read-only', ms };
}

const slack = (at: number, body: Readonly<Record<string, string | number>>): Fault => ({
  at,
  kind: 'slack',
  body,
});

/** The connection is cut, and the call is carried out never, at once, or when it was looked for already. */
const lost = (method: string, random: Random): Readonly<Record<string, string | number>> => ({
  method,
  kind: 'drop',
  effect: random.pick(['before', 'after', 'late']),
  ms: 200 + random.below(12_000),
  times: 1 + random.below(2),
});

function disturbed(at: number, random: Random): Fault {
  const kind = random.pick(['disconnect', 'duplicate', 'delay', 'reorder']);
  const ms = 100 + random.below(900);
  const times = 1 + random.below(kind === 'disconnect' ? 2 : 5);
  return { at, kind: 'delivery', body: { kind, times, ms } };
}
