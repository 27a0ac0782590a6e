/** How the bot itself is: said in words, with what to do where something is wrong. */
import { duration } from './metrics.ts';

/** What is not as Firebreak needs it. */
export interface TargetProblem {
  readonly found: string;
  readonly fix: string;
}

export interface TargetHealth {
  readonly name: string;
  readonly problems: readonly TargetProblem[];
  /** Undefined: it is being looked at for the first time. */
  readonly lookedAt?: Date;
}

export interface Spool {
  readonly waiting: number;
  readonly oldest?: Date;
}

export interface Health {
  /** Milliseconds that the store took to answer. */
  readonly storeMs: number;
  readonly queue: {
    /** What waits to be sent. */
    readonly waiting: number;
    readonly oldest?: { readonly lane: string; readonly since: Date; readonly error?: string };
    /** Since when something could be sent that is not: its lane is not held back by a 429 or a failure. */
    readonly stuckSince?: Date;
  };
  /** Deliveries of Slack that are not dealt with yet. */
  readonly inbox: { readonly open: number; readonly oldest?: Date };
  /** Deliveries that wait on disk for the store; undefined at a terminal. */
  readonly spool?: Spool;
  /** Undefined where nobody talks to Slack: at a terminal. */
  readonly slack?: {
    readonly connected: boolean;
    readonly last:
      | { readonly method: string; readonly at: Date; readonly ms: number; readonly answer: string }
      | undefined;
  };
  readonly monitors: readonly {
    readonly name: string;
    /** Undefined: it looks at the times of a cron expression. */
    readonly everySeconds?: number;
    readonly checkedAt?: Date;
    readonly red: boolean;
  }[];
  /** Undefined at a terminal. */
  readonly targets?: readonly TargetHealth[];
}

/** What waits longer than this is a trouble; Slack's own limits make a queue wait for seconds. */
export const OLD_S = 60;
/** A monitor that misses three looks in a row, and the time of one, is late. */
const MISSED = 4;

/** Whether it has waited too long. */
export const isOld = (since: Date, now: Date): boolean => secondsSince(since, now) >= OLD_S;

/** Whether it does not look when it should; one that has never looked does not, one of a cron expression is trusted. */
export const isLate = ({ everySeconds, checkedAt }: Health['monitors'][number], now: Date): boolean =>
  everySeconds !== undefined &&
  (checkedAt === undefined || secondsSince(checkedAt, now) > everySeconds * MISSED);

/** As lines of Slack mrkdwn; what is wrong begins with a warning. */
export const healthLines = (health: Health, now: Date): readonly string[] => [
  line(health.storeMs < 1000, `Store: answers in ${Math.round(health.storeMs)} ms`),
  slackLine(health, now),
  queueLine(health, now),
  inboxLine(health, now),
  ...spoolLines(health, now),
  ...(health.monitors.length === 0 ? ['• Monitors: none are configured'] : monitorLines(health, now)),
  ...(health.targets ?? []).flatMap((target) => targetLines(target, now)),
];

function slackLine({ slack }: Health, now: Date): string {
  if (!slack) return '• Slack: not known here; a terminal does not talk to it';
  const { connected, last } = slack;
  const call = last
    ? `last call \`${last.method}\` ${ago(last.at, now)} ago, ${last.answer} in ${Math.round(last.ms)} ms`
    : 'no call yet';
  return line(
    connected && last?.answer !== 'no answer',
    `Slack: ${connected ? 'connected' : 'not connected'}, ${call}`,
  );
}

function queueLine({ queue: { waiting, oldest } }: Health, now: Date): string {
  if (!oldest) return line(true, 'Queue: empty');
  const why = oldest.error === undefined ? '' : `, because of \`${oldest.error}\``;
  return line(
    !isOld(oldest.since, now),
    `Queue: ${waiting} waiting, the oldest for ${ago(oldest.since, now)} (\`${oldest.lane}\`${why})`,
  );
}

function inboxLine({ inbox: { open, oldest } }: Health, now: Date): string {
  if (!oldest) return line(true, 'Inbox: empty');
  return line(!isOld(oldest, now), `Inbox: ${open} open, the oldest for ${ago(oldest, now)}`);
}

/** Only what has not come into the inbox. */
function spoolLines({ spool }: Health, now: Date): readonly string[] {
  if (!spool?.oldest) return [];
  return [
    line(false, `Kept on disk: ${spool.waiting} for the inbox, the oldest for ${ago(spool.oldest, now)}`),
  ];
}

const monitorLines = ({ monitors }: Health, now: Date): readonly string[] =>
  monitors.map((monitor) => {
    const { name, checkedAt, red } = monitor;
    if (!checkedAt) return line(false, `Monitor \`${name}\`: has not looked yet`);
    const late = isLate(monitor, now);
    const state = red ? 'red' : 'green';
    return line(
      !late,
      `Monitor \`${name}\`: ${state}, looked ${ago(checkedAt, now)} ago${late ? ', late' : ''}`,
    );
  });

function targetLines({ name, problems, lookedAt }: TargetHealth, now: Date): readonly string[] {
  if (!lookedAt) return [`• Target \`${name}\`: is being looked at for the first time`];
  if (problems.length === 0) return [`• Target \`${name}\`: ready, looked at ${ago(lookedAt, now)} ago`];
  return problems.map(({ found, fix }) => line(false, `Target \`${name}\`: ${found} ${fix}`));
}

const line = (fine: boolean, text: string): string => `${fine ? '•' : ':warning:'} ${text}`;

/** From one time to another, in seconds. */
export const secondsSince = (at: Date, now: Date): number => (now.getTime() - at.getTime()) / 1000;

const ago = (at: Date, now: Date): string => duration(Math.max(0, Math.round(secondsSince(at, now))));
