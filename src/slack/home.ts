/** Publishes a person's App Home. One that could not be drawn is drawn when it is opened again. */
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { App } from '../app/app.ts';
import type { Reply } from '../app/command.ts';
import type { Logger } from '../log.ts';
import { home } from './views/home.ts';

export interface HomePorts {
  readonly client: WebClient;
  readonly app: App;
  readonly log: Logger;
}

const Opened = z.object({ tab: z.string().optional(), user: z.string() });

/** Its Messages tab is no Home. */
export async function onHomeOpened(event: unknown, ports: HomePorts): Promise<void> {
  const { tab, user } = Opened.parse(event);
  if (tab === 'home') await publishHome(user, ports);
}

/** `answer`: what a click in it came to; a home has no other place to say it. */
export async function publishHome(
  user: string,
  { client, app, log }: HomePorts,
  answer?: Reply,
): Promise<void> {
  try {
    const content = { ...(await app.home(user)), ...(answer ? { answer } : {}) };
    const view = home(content, app.settings, app.settings.command, app.now());
    await client.views.publish({ user_id: user, view });
  } catch (error) {
    log.warn({ err: error, user }, 'an App Home was not published');
  }
}
