/** Where a bot keeps what the store does not take: bots of two Slack apps may share a data folder, and must not do each other's. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** What tells a Slack app from another. */
export type SlackApp =
  | { readonly kind: 'socket'; readonly appToken: string }
  | { readonly kind: 'http'; readonly signingSecret: string };

/** One folder for each Slack app, in `spool` of the data folder. */
export const spoolFolder = (dataDir: string, app: SlackApp): string => join(dataDir, 'spool', nameOf(app));

/** An app-level token has the app's id in it. A signing secret has none; what is made of it tells nothing of it. */
const nameOf = (app: SlackApp): string =>
  app.kind === 'socket'
    ? (/^xapp-\d+-(\w+)-/.exec(app.appToken)?.[1] ?? 'app')
    : createHash('sha256').update(`spool of ${app.signingSecret}`).digest('hex').slice(0, 16);
