/** Where a bot keeps what the store does not take: bots of two Slack apps may share a data folder, and must not do each other's. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log.ts';

/** What tells a Slack app from another. */
export type SlackApp =
  | { readonly kind: 'socket'; readonly appToken: string }
  | { readonly kind: 'http'; readonly signingSecret: string };

/** Where all bots over HTTP kept it once. */
const SHARED = 'app';

/** One folder for each Slack app, in `spool` of the data folder; what lies in the one that was shared comes into it. */
export async function spoolFolder(dataDir: string, app: SlackApp, log: Logger): Promise<string> {
  const all = join(dataDir, 'spool');
  const own = join(all, nameOf(app));
  const shared = join(all, SHARED);
  if (app.kind === 'http')
    await move(shared, own).catch((error: unknown) => {
      // Nothing is there, or another process was faster.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      log.warn({ err: error, folder: shared }, 'what was kept on disk before stays where it is');
    });
  return own;
}

/** An app-level token has the app's id in it. A signing secret has none; what is made of it tells nothing of it. */
const nameOf = (app: SlackApp): string =>
  app.kind === 'socket'
    ? (/^xapp-\d+-(\w+)-/.exec(app.appToken)?.[1] ?? SHARED)
    : createHash('sha256').update(`spool of ${app.signingSecret}`).digest('hex').slice(0, 16);

async function move(from: string, to: string): Promise<void> {
  const names = await readdir(from);
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of names) await rename(join(from, name), join(to, name));
  await rmdir(from);
}
