/** What firebreak.yml says about the bot's own HTTP, with its secrets from the environment. */
import type { ConfigFile } from './config-file.ts';
import type { Mistake } from './yaml.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface HttpConfig {
  readonly listen: { readonly host: string; readonly port: number };
  /** Bearer tokens that are good everywhere. */
  readonly tokens: readonly string[];
  /** The secrets of single ways in, by their names. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Secrets that the file names and the environment lacks. */
export const missingTokens = ({ http }: ConfigFile, env: Env): readonly Mistake[] =>
  Object.entries(http.tokens).flatMap(([entrance, variable]): readonly Mistake[] => {
    if (variable === undefined || env[variable]) return [];
    const expected = `the secret of ${entrance} in it: environment variable ${variable} is not set`;
    return [{ path: ['http', 'tokens', entrance], found: variable, expected }];
  });

/** Of a file in which `missingTokens` missed nothing. */
export function httpOf({ http }: ConfigFile, env: Env): HttpConfig {
  const { FIREBREAK_TOKEN: token } = env;
  const secrets = Object.entries(http.tokens).map(([entrance, variable]) => [
    entrance,
    env[variable ?? ''] ?? '',
  ]);
  return {
    listen: listenOf(http.listen),
    tokens: token ? [token] : [],
    secrets: Object.fromEntries(secrets) as Record<string, string>,
  };
}

function listenOf(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at) || '127.0.0.1', port: Number(listen.slice(at + 1)) };
}
