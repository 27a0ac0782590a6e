/** Manifests that differ from the app's own by a scope, an event or an address. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

interface Manifest {
  oauth_config: { scopes: { bot: string[] } };
  settings: { event_subscriptions: { bot_events: string[] } };
}

const own = parse(readFileSync('manifest.yml', 'utf8')) as Manifest;
const folder = mkdtempSync(join(tmpdir(), 'firebreak-manifest-'));
let count = 0;

export const scopes: readonly string[] = own.oauth_config.scopes.bot;
export const botEvents: readonly string[] = own.settings.event_subscriptions.bot_events;

interface Difference {
  readonly scopes?: readonly string[];
  readonly events?: readonly string[];
  /** A scope or an event that this manifest does not have. */
  readonly without?: string;
}

/** Writes the manifest with more scopes and events, or without one; answers its path. */
export function manifestWith({ scopes: more = [], events = [], without }: Difference): string {
  const changed = structuredClone(own);
  const rest = (all: readonly string[]) => all.filter((one) => one !== without);
  changed.oauth_config.scopes.bot = rest([...scopes, ...more]);
  changed.settings.event_subscriptions.bot_events = rest([...botEvents, ...events]);
  const path = join(folder, `${String((count += 1))}.yml`);
  writeFileSync(path, stringify(changed));
  return path;
}

export const removeManifests = () => rmSync(folder, { recursive: true, force: true });
