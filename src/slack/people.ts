/** Remembers the names of people who act, for exports: Slack's ids mean nothing outside of it. */

import type { App } from '../app/app.ts';
import type { Logger } from '../log.ts';
import { type Body, senderOf } from './inbound.ts';

/** Tells the app who somebody is, once for each name; never keeps anybody waiting. */
export function createIntroductions(app: Pick<App, 'meet'>, log: Logger): (body: Body) => void {
  const known = new Map<string, string>();
  return (body) => {
    const sender = senderOf(body);
    if (sender?.name === undefined || known.get(sender.id) === sender.name) return;
    known.set(sender.id, sender.name);
    app.meet(sender.id, sender.name).catch((error: unknown) => {
      known.delete(sender.id);
      log.warn({ err: error }, 'a name was not remembered');
    });
  };
}
