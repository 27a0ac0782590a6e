/** What the Slack app is sent: by its manifest where a configuration token is given, else by what has arrived. */
import { z } from 'zod';
import { formatUtc } from '../domain/when.ts';
import { type Consultation, consult } from '../slack/consultation.ts';
import type { SlackLink } from '../slack/link.ts';
import { EVENTS, SHORTCUT } from '../slack/manifest.ts';
import { type Finding, fail, ok, skipped, warn } from './finding.ts';
import { type Arrivals, appIdIn, appIdOf, pasteManifest } from './slack-app.ts';
import { asking } from './slack-errors.ts';

export interface SlackEventsParts {
  /** Of a person, for 12 hours: only it may read an app's manifest. */
  readonly configToken: string | undefined;
  readonly link: SlackLink;
  readonly bot: Consultation;
  readonly apiUrl: string | undefined;
  /** `/incident` */
  readonly command: string;
  readonly arrivals: Arrivals;
  readonly now: () => Date;
}

const NAME = 'slack events';

export const examineSlackEvents = (parts: SlackEventsParts): Promise<readonly Finding[]> => {
  const { configToken } = parts;
  if (configToken === undefined) return Promise.resolve([byArrivals(parts.arrivals)]);
  return asking(NAME, () => byManifest(parts, configToken));
};

const LOOK =
  'Compare "Event Subscriptions" of the app with manifest.yml, or set SLACK_CONFIG_TOKEN to a configuration token (xoxe.xoxp-…, from the page of your apps) to have it compared.';

/** An app that is sent one kind of event is rarely sent no other: the subscriptions are pasted as a whole. */
function byArrivals(arrivals: Arrivals): Finding {
  const cannot = 'Which ones are subscribed cannot be read with a bot token';
  if (arrivals === undefined) return skipped(NAME, `${cannot}, and the store does not answer.`, LOOK);
  const { event, ...others } = arrivals;
  if (event) return ok(NAME, `They arrive, the last at ${formatUtc(event)}. ${cannot}.`);
  if (Object.keys(others).length === 0) return skipped(NAME, `${cannot}, and nothing has arrived yet.`, LOOK);
  return warn(NAME, `Commands or clicks arrive, but no event in the last 7 days. ${cannot}.`, LOOK);
}

const Manifest = z.object({
  features: z
    .object({
      slash_commands: z.array(z.object({ command: z.string() })).default([]),
      shortcuts: z.array(z.object({ callback_id: z.string() })).default([]),
    })
    .prefault({}),
  settings: z
    .object({
      event_subscriptions: z.object({ bot_events: z.array(z.string()).default([]) }).prefault({}),
      interactivity: z.object({ is_enabled: z.boolean().default(false) }).prefault({}),
      socket_mode_enabled: z.boolean().default(false),
    })
    .prefault({}),
});

async function byManifest(parts: SlackEventsParts, token: string): Promise<Finding> {
  const { client } = consult(token, parts.apiUrl, parts.now);
  const appId = appIdIn(parts.link) ?? (await appIdOf(parts.bot, (await parts.bot.identity.get()).botId));
  if (appId === undefined) return skipped(NAME, 'Slack did not say which app the bot belongs to.');
  const { manifest } = await client.apps.manifest.export({ app_id: appId });
  const missing = lacksOf(Manifest.parse(manifest), parts);
  if (missing.length === 0)
    return ok(NAME, `All ${Object.keys(EVENTS).length} of manifest.yml, ${parts.command} and its forms.`);
  return fail(NAME, `The app lacks ${missing.join('; ')}.`, `${pasteManifest(parts.link.kind)}.`);
}

function lacksOf(
  { features, settings }: z.infer<typeof Manifest>,
  { command, link }: SlackEventsParts,
): readonly string[] {
  const subscribed = settings.event_subscriptions.bot_events;
  const events = Object.keys(EVENTS).filter((event) => !subscribed.includes(event));
  const commands = features.slash_commands.map((each) => each.command);
  const known = features.shortcuts.map(({ callback_id }) => callback_id);
  const shortcuts = Object.values(SHORTCUT).filter((id) => !known.includes(id));
  return [
    ...(events.length > 0 ? [`the events ${events.join(', ')}`] : []),
    ...(commands.includes(command) ? [] : [`the slash command ${command}`]),
    ...(shortcuts.length > 0 ? [`the shortcuts ${shortcuts.join(', ')}`] : []),
    ...(settings.interactivity.is_enabled ? [] : ['interactivity']),
    ...(settings.socket_mode_enabled === (link.kind === 'socket')
      ? []
      : [link.kind === 'socket' ? 'Socket Mode' : 'request URLs: Socket Mode is on']),
  ];
}
