/** Reads the app manifest: what the app may call and what it is sent is decided there, as in Slack. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Json } from './model.ts';
import type { Endpoints } from './wire/http.ts';

const manifestShape = z.object({
  display_information: z.object({ name: z.string() }),
  features: z
    .object({
      bot_user: z.object({ display_name: z.string() }).optional(),
      slash_commands: z
        .array(
          z.object({
            command: z.string().startsWith('/'),
            should_escape: z.boolean().default(false),
            url: z.string().optional(),
          }),
        )
        .default([]),
      shortcuts: z
        .array(z.object({ type: z.enum(['global', 'message']), callback_id: z.string() }))
        .default([]),
    })
    .default({ slash_commands: [], shortcuts: [] }),
  oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }),
  settings: z.object({
    event_subscriptions: z
      .object({ request_url: z.string().optional(), bot_events: z.array(z.string()).default([]) })
      .optional(),
    interactivity: z.object({ is_enabled: z.boolean(), request_url: z.string().optional() }).optional(),
    socket_mode_enabled: z.boolean().default(false),
  }),
});

export interface Manifest {
  /** As it was written. */
  readonly source: Json;
  readonly appName: string;
  readonly botName: string;
  readonly commands: ReadonlyMap<string, { readonly escape: boolean }>;
  readonly shortcuts: ReadonlyMap<string, 'global' | 'message'>;
  readonly scopes: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
  readonly interactive: boolean;
  /** The request URLs, when Socket Mode is off. */
  readonly endpoints: Endpoints | undefined;
}

/** `command` replaces the name of the manifest's slash command. */
export async function readManifest(path: string, command?: string): Promise<Manifest> {
  const source = parse(await readFile(path, 'utf8')) as Json;
  const found = manifestShape.parse(source);
  const { features, settings } = found;
  return {
    source,
    appName: found.display_information.name,
    botName: features.bot_user?.display_name ?? found.display_information.name,
    commands: new Map(
      features.slash_commands.map((one) => [command ?? one.command, { escape: one.should_escape }]),
    ),
    shortcuts: new Map(features.shortcuts.map((one) => [one.callback_id, one.type])),
    scopes: new Set(found.oauth_config.scopes.bot),
    events: new Set(settings.event_subscriptions?.bot_events ?? []),
    interactive: settings.interactivity?.is_enabled ?? false,
    endpoints: settings.socket_mode_enabled ? undefined : endpointsOf(found),
  };
}

function endpointsOf({ features, settings }: z.infer<typeof manifestShape>): Endpoints | undefined {
  const events = settings.event_subscriptions?.request_url;
  const interactivity = settings.interactivity?.request_url;
  const commands = features.slash_commands.find(({ url }) => url !== undefined)?.url;
  return (events ?? interactivity ?? commands) === undefined
    ? undefined
    : { events, interactivity, commands };
}
