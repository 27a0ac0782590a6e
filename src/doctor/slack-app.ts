/** The Slack app: its tokens, its scopes, what it is sent, and whether Slack can be heard. */

import { duration } from '../domain/metrics.ts';
import { formatUtc } from '../domain/when.ts';
import { explain } from '../errors.ts';
import { type Consultation, consult, whyUnanswered } from '../slack/consultation.ts';
import type { SlackLink } from '../slack/link.ts';
import { SCOPES } from '../slack/manifest.ts';
import { probeSocket, type SocketProbe } from '../slack/probe-socket.ts';
import { clockFinding } from './clocks.ts';
import { examined, type Finding, fail, ok, skipped, warn } from './finding.ts';
import { asking, NO_ANSWER } from './slack-errors.ts';

/** When the last delivery of each kind arrived, as the inbox still knows; undefined: the store does not answer. */
export type Arrivals = Readonly<Record<string, Date>> | undefined;

/** What the store knows of a bot at work; undefined: the store does not answer. */
export interface AtWork {
  readonly running: boolean;
  readonly heardAt?: Date;
}

export interface SlackAppParts {
  readonly botToken: string;
  readonly link: SlackLink;
  readonly apiUrl?: string | undefined;
  readonly bot: Consultation;
  readonly atWork: AtWork | undefined;
  readonly arrivals: Arrivals;
  readonly now: () => Date;
}

/** The bot's token and what belongs to it. `inside` the bot that runs the link is known to stand. */
export async function examineSlackApp(
  parts: SlackAppParts,
  { inside }: { readonly inside: boolean },
): Promise<readonly Finding[]> {
  const byBot = parts.botToken === '' ? unset('slack bot token', 'SLACK_BOT_TOKEN') : await byBotToken(parts);
  const { link } = parts;
  if (inside) return byBot;
  return [
    ...byBot,
    ...(link.kind === 'http'
      ? [address(link.signingSecret, parts.arrivals)]
      : await examined('slack app token', () => byAppToken(parts, link))),
  ];
}

const unset = (name: string, variable: string): readonly Finding[] => [
  skipped(name, `Not asked: ${variable} is not set, or is no such token.`),
];

async function byBotToken(parts: SlackAppParts): Promise<readonly Finding[]> {
  const { bot } = parts;
  const name = 'slack bot token';
  try {
    const us = await bot.client.auth.test();
    const seen = bot.dateSeen();
    return [
      ok(name, `${us.user ?? 'The bot'} in the workspace ${us.team ?? us.team_id ?? '?'}.`),
      scopes(us.response_metadata?.scopes, parts.link),
      ...(await oneApp(parts, us.bot_id)),
      ...(seen ? [clockFinding('slack clock', "Slack's", { ...seen, grainMs: 1000 })] : []),
    ];
  } catch (error) {
    return [refusedToken(name, 'SLACK_BOT_TOKEN', error)];
  }
}

function refusedToken(name: string, variable: string, error: unknown): Finding {
  const why = whyUnanswered(error);
  if (why.kind === 'silent') return fail(name, `Slack does not answer: ${why.reason}.`, NO_ANSWER);
  if (why.kind === 'wait')
    return skipped(name, `Slack asks to wait ${why.seconds} s.`, 'Run this again then.');
  const { message, fix } = explain('SLACK_TOKEN_REFUSED', { variable, found: why.error });
  return fail(name, message, fix);
}

/** What was granted when the app was installed: a scope that was added since is not there before it is installed again. */
function scopes(granted: readonly string[] | undefined, link: SlackLink): Finding {
  const name = 'slack scopes';
  if (granted === undefined) return skipped(name, 'Slack did not say which scopes were granted.');
  const wanted = Object.entries(SCOPES);
  const missing = wanted.filter(([scope]) => !granted.includes(scope));
  const more = granted.filter((scope) => scope !== '' && !(scope in SCOPES));
  if (missing.length > 0) {
    const found = `Missing: ${missing.map(([scope, use]) => `${scope} (${use})`).join('; ')}.`;
    return fail(name, found, `${pasteManifest(link.kind)}, then "Reinstall to Workspace".`);
  }
  const rest = more.length > 0 ? `, and ${more.join(', ')}, which it does not need` : '';
  return ok(name, `All ${wanted.length} of the manifest are granted${rest}.`);
}

/** Without its address the manifest of a bot that listens to HTTP would make it deaf. */
export const pasteManifest = (link: SlackLink['kind']): string =>
  `Paste what \`npx firebreak manifest${link === 'http' ? ' --url https://…' : ''}\` prints under "App Manifest" of the app`;

/** Tokens of two apps: what one hears, the other answers. */
function oneApp({ link, bot }: SlackAppParts, botId: string | undefined): Promise<readonly Finding[]> {
  const ofToken = appIdIn(link);
  if (ofToken === undefined || botId === undefined) return Promise.resolve([]);
  const name = 'slack app';
  return asking(name, async () => {
    const ofBot = await appIdOf(bot, botId);
    if (ofBot === undefined) return skipped(name, 'Slack did not say which app the bot belongs to.');
    if (ofBot === ofToken) return ok(name, `Both tokens belong to the app ${ofBot}.`);
    return fail(
      name,
      `SLACK_BOT_TOKEN belongs to the app ${ofBot}, SLACK_APP_TOKEN to ${ofToken}.`,
      'Copy both from the pages of the same app.',
    );
  });
}

/** As the app-level token says, `xapp-1-<app>-…`; without one undefined. */
export const appIdIn = (link: SlackLink): string | undefined =>
  link.kind === 'socket' ? /^xapp-\d+-(A[A-Z0-9]+)-/.exec(link.appToken)?.[1] : undefined;

/** As Slack says. */
export const appIdOf = async ({ client }: Consultation, botId: string): Promise<string | undefined> =>
  (await client.bots.info({ bot: botId })).bot?.app_id;

/** Slack cannot be asked whether the address that it sends to is ours, and what arrived may have come by a socket. */
function address(secret: string, arrivals: Arrivals): Finding {
  const name = 'slack address';
  if (secret === '') return skipped(name, 'Not known: SLACK_SIGNING_SECRET is not set.');
  const newest = Math.max(...Object.values(arrivals ?? {}).map((at) => at.getTime()));
  const last = Number.isFinite(newest)
    ? `the last arrived at ${formatUtc(new Date(newest))}, by this way or the one before`
    : 'nothing has arrived yet';
  return skipped(
    name,
    `A signing secret is set. That Slack reaches this machine is only seen when something arrives; ${last}.`,
    'Under "Event Subscriptions" of the app, press "Retry" beside the Request URL: it has to become Verified.',
  );
}

async function byAppToken(
  parts: SlackAppParts,
  { appToken }: SlackLink & { kind: 'socket' },
): Promise<readonly Finding[]> {
  const name = 'slack app token';
  if (appToken === '') return unset(name, 'SLACK_APP_TOKEN');
  try {
    const { client } = consult(appToken, parts.apiUrl, parts.now);
    const { url } = await client.apps.connections.open();
    const token = ok(name, 'It may open connections (connections:write).');
    return [token, await socket(parts, url ?? '')];
  } catch (error) {
    const why = whyUnanswered(error);
    if (why.kind !== 'refused' || why.error !== 'missing_scope')
      return [refusedToken(name, 'SLACK_APP_TOKEN', error)];
    return [
      fail(
        name,
        'It lacks the scope connections:write.',
        'Under "Basic Information" of the app make an app-level token with it, and put it into SLACK_APP_TOKEN.',
      ),
    ];
  }
}

/** Beside a bot none is opened: Slack could choose it for a delivery, and a command is not sent twice. */
async function socket({ atWork, now }: SlackAppParts, url: string): Promise<Finding> {
  const name = 'slack socket';
  if (atWork === undefined)
    return skipped(name, 'Not opened: without the store it is not known whether a bot is using it.');
  if (atWork.running) return held(name, atWork.heardAt, now());
  return greeted(name, await probeSocket(url));
}

const DEAF_MS = 60_000;

function held(name: string, heardAt: Date | undefined, now: Date): Finding {
  const ago = heardAt === undefined ? Infinity : now.getTime() - heardAt.getTime();
  const since = heardAt === undefined ? 'never' : `${duration(Math.max(0, Math.round(ago / 1000)))} ago`;
  if (ago < DEAF_MS) return ok(name, `Held by the bot that runs; it heard Slack ${since}.`);
  return fail(
    name,
    `A bot runs, and last heard Slack ${since}.`,
    `Read its log for "no connection to Slack". ${NO_ANSWER}`,
  );
}

function greeted(name: string, probe: SocketProbe): Finding {
  switch (probe.kind) {
    case 'failed':
      return fail(name, `Slack does not greet a connection: ${probe.reason}.`, NO_ANSWER);
    case 'disconnect':
      return probe.reason === 'link_disabled'
        ? fail(name, 'Socket Mode is off in the app.', 'Turn it on under "Socket Mode" of the app.')
        : fail(
            name,
            `Slack sends connections away: ${probe.reason}.`,
            'Stop what else is connected with this app-level token; an app may have 10 connections.',
          );
    case 'hello':
      return alone(name, probe);
  }
}

/** Each delivery goes to one connection, whichever: one of another program is not heard here. */
function alone(name: string, { connections, delivered }: SocketProbe & { kind: 'hello' }): Finding {
  const meanwhile = delivered.length > 0 ? ` Not answered meanwhile: ${delivered.join(', ')}.` : '';
  if (connections <= 1) return ok(name, `Slack greets it; it was closed again.${meanwhile}`);
  return warn(
    name,
    `Something else has ${connections - 1} connections of this app, but no bot runs on this store.${meanwhile}`,
    'Stop it, or give it an app of its own: each gets only a part of what people type.',
  );
}
