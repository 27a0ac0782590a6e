/** The app as a terminal uses it, beside a running bot or without one; what it does is recorded under its name. */
import { hostname, userInfo } from 'node:os';
import type { App, Directory } from '../app/app.ts';
import { createApp } from '../app/create.ts';
import { loadSettings, runbookFolders } from '../config.ts';
import { loadChecks } from '../databases/check.ts';
import { maskSql } from '../databases/redact.ts';
import { loadRunbooks } from '../runbooks/load.ts';
import { loadSteps } from '../runbooks/step.ts';
import type { Store } from '../store/store.ts';
import { PRODUCT } from '../version.ts';
import { attachStore } from './attach.ts';
import type { StoreOptions } from './options.ts';

export interface Terminal {
  readonly store: Store;
  readonly app: App;
  /** `terminal:<user>@<host>` */
  readonly actor: string;
  readonly directory: Directory;
}

/** Attaches to the store for the time of `work`. */
export async function onStore<T>(options: StoreOptions, work: (store: Store) => Promise<T>): Promise<T> {
  const { store, close } = await attachStore(options);
  try {
    return await work(store);
  } finally {
    await close();
  }
}

/** The same with the app on it; the configuration is read first, so that its mistakes start no server. */
export async function onTerminal<T>(
  options: StoreOptions & { readonly config: string; readonly private?: boolean },
  work: (terminal: Terminal) => Promise<T>,
): Promise<T> {
  const settings = loadSettings(options.config);
  const runbooks = await loadRunbooks(runbookFolders(options.config), await loadSteps());
  const checks = await loadChecks();
  const now = (): Date => new Date();
  const directory = noDirectory;
  return onStore(options, (store) => {
    const { private: operator = false } = options;
    const known = { settings, runbooks, checks, operator, generatedBy: PRODUCT, showSql: maskSql };
    const app = createApp({ ...known, store, directory, now });
    return work({ store, app, actor: terminalActor(), directory });
  });
}

/** `terminal:<user>@<host>`: an operator, as whom what a terminal does is recorded. */
export const terminalActor = (): string => `terminal:${userName()}@${hostname()}`;

/** Slack's `:no_entry: ` at the beginning of a line says nothing in a terminal. */
export const withoutEmoji = (text: string): string => text.replace(/^:[a-z_]+: /gm, '');

/** In containers a user often has a number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** A terminal is an operator, not a member of the workspace: nobody is looked up. */
const noDirectory: Directory = {
  standing: () => Promise.resolve('unknown'),
  groupMembers: () => Promise.reject(new Error('a terminal does not ask Slack')),
  channelMembers: () => Promise.resolve([]),
  userByEmail: () => Promise.resolve(undefined),
};
