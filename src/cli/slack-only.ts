/** The local Slack without a bot: what `firebreak init` and `firebreak start` need to know of it, as lines for a shell. */
import { type LocalSlack, startLocalSlack } from '../../sandbox/server/main.ts';
import { aboutCommand, MANIFEST, pageDir } from './sandbox-page.ts';

export interface SlackAlone {
  readonly url: string;
  /** `export NAME='value'`, a line each. */
  readonly lines: readonly string[];
  readonly close: () => Promise<void>;
}

/** `port`: a free one unless told. */
export async function openSlackAlone(port = 0): Promise<SlackAlone> {
  const about = await aboutCommand();
  const slack = await startLocalSlack({
    port,
    ...pageDir(),
    manifestPath: MANIFEST,
    routes: { 'GET story': () => about },
  });
  const lines = Object.entries(environment(slack)).map(([name, value]) => `export ${name}='${value}'`);
  return { url: slack.url, lines, close: () => slack.stop() };
}

const environment = ({ url, users, channels, ...slack }: LocalSlack): Readonly<Record<string, string>> => ({
  SLACK_API_URL: `${url}/api/`,
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_CONFIG_TOKEN: slack.configToken,
  INCIDENTS_CHANNEL: channels['incidents'] ?? '',
  COMMANDER: users['commander'] ?? '',
  DBA: users['dba'] ?? '',
});
