/** What firebreak.yml says about a tracker for action items, with its secret from the environment. */
import type { ConfigFile } from './config-file.ts';
import type { TrackerConfig } from './trackers/tracker-config.ts';
import type { Mistake } from './yaml.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** How people call it; undefined: there is none. */
export const trackerNameOf = ({ tracker }: ConfigFile): string | undefined =>
  tracker ? 'GitHub' : undefined;

/** The secret that the file names and the environment lacks. */
export function missingTracker({ tracker }: ConfigFile, env: Env): readonly Mistake[] {
  const variable = tracker?.github.token_env;
  const what = 'a token of GitHub that may write issues in it';
  return [
    ...(variable === undefined || env[variable]
      ? []
      : [
          {
            path: ['tracker', 'github', 'token_env'],
            found: variable,
            expected: `${what}: environment variable ${variable} is not set`,
          },
        ]),
    ...(tracker === undefined || isWebAddress(apiUrlOf(env))
      ? []
      : [
          {
            path: ['tracker', 'github'],
            found: 'GITHUB_API_URL',
            expected: 'an http(s) URL in it, or the environment variable GITHUB_API_URL not set',
          },
        ]),
  ];
}

/** Of a file in which `missingTracker` missed nothing. */
export function trackerOf({ tracker }: ConfigFile, env: Env): TrackerConfig | undefined {
  if (!tracker) return undefined;
  const { repo, token_env, labels } = tracker.github;
  return { kind: 'github', repo, token: env[token_env] ?? '', labels, apiUrl: apiUrlOf(env) };
}

const apiUrlOf = (env: Env): string =>
  (env['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '');

const isWebAddress = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
