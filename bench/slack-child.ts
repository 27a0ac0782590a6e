/** The local Slack, and whoever types there at a steady rate, in a process of their own. */
import { join } from 'node:path';
import { type LocalSlack, type LocalSlackOptions, startLocalSlack } from '../sandbox/server/main.ts';
import { PACKAGE_ROOT } from '../src/version.ts';
import { answer } from './child.ts';
import { atRate, type Rate } from './schedule.ts';

export interface Load extends Rate {
  readonly user: readonly string[];
  readonly channels: readonly string[];
  /** What is typed, after which comes a number. */
  readonly text: string;
  /** What each of them has to be told. */
  readonly expected: string;
}

interface Seen {
  readonly ack_ms: number | null;
  readonly responses: readonly { readonly text?: string }[];
}

let slack: LocalSlack | undefined;
let url = '';

answer({
  async open(options: Omit<LocalSlackOptions, 'manifestPath'>) {
    slack = await startLocalSlack({ ...options, manifestPath: join(PACKAGE_ROOT, 'manifest.yml') });
    ({ url } = slack);
    const { botToken, appToken, users, channels } = slack;
    return { url, botToken, appToken, users, channels };
  },
  /** Answers with the milliseconds until each was seen to be acked, from when it was due. */
  load: (load: Load) => atRate(load, (index) => acked(load, index)),
});

async function acked({ user, channels, text, expected }: Load, index: number): Promise<void> {
  const body = {
    user: user[index % user.length],
    channel: channels[index % channels.length],
    text: `${text} ${index}`,
  };
  const response = await fetch(`${url}/sandbox/commands`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const { ack_ms, responses } = (await response.json()) as Seen;
  const said = responses.map((each) => each.text ?? '').join('\n');
  if (ack_ms === null || !said.includes(expected)) throw new Error(`${body.text}: ${said || 'no answer'}`);
}
