/** The composition root: builds everything, starts it, and stops it in reverse. */
import { createReceiver } from './alerts/receiver.ts';
import type { App, Directory } from './app/app.ts';
import { createApp } from './app/create.ts';
import { createDispatch } from './app/dispatch.ts';
import { loadCommands } from './app/load-commands.ts';
import { createRuns } from './app/runs.ts';
import type { Config } from './config.ts';
import { appliedMigrations } from './databases/history.ts';
import { runProbes } from './databases/probe.ts';
import { openTarget } from './databases/target.ts';
import type { Settings } from './domain/settings.ts';
import { assembleJobs } from './jobs/assemble.ts';
import { type Clock, systemClock } from './jobs/clock.ts';
import { createRunWorker } from './jobs/run-step.ts';
import { createLogger, type Logger } from './log.ts';
import { loadRunbooks } from './runbooks/load.ts';
import { loadSteps, type StepKind } from './runbooks/step.ts';
import { createSlack } from './slack/bolt.ts';
import { createClient } from './slack/client.ts';
import { createDirectory } from './slack/directory.ts';
import { createPerform } from './slack/perform.ts';
import { openOwnStore } from './store/own.ts';
import type { Store } from './store/store.ts';
import { RUNBOOKS, VERSION } from './version.ts';

export interface Running {
  /** Where the bot's HTTP answers. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the bot. When something is missing it throws a coded error, with everything closed again. */
export async function startFirebreak(
  config: Config,
  { clock = systemClock, log = createLogger() }: { clock?: Clock; log?: Logger } = {},
): Promise<Running> {
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const { settings, slack: keys, http } = config;
    const now = (): Date => clock.now();
    const own = await openOwnStore(config, log);
    closing.push(() => own.close());
    const { store } = own;
    const client = createClient({ token: keys.botToken, apiUrl: keys.apiUrl }, log);
    const directory = createDirectory(client);
    const steps = await loadSteps();
    const app = await buildApp({ store, settings, directory, now, steps });
    const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
    const slack = createSlack({
      ...keys,
      client,
      command: settings.command,
      store,
      app,
      dispatch,
      directory,
      log,
      now,
    });
    const targets = new Map(
      Object.values(settings.targets).map((target) => [target.name, openTarget(target)]),
    );
    closing.push(() => Promise.all([...targets.values()].map((target) => target.close())));
    const watched = config.monitors.flatMap((monitor) => {
      const target = targets.get(monitor.target);
      return target
        ? [
            {
              settings: monitor,
              runProbes: () => runProbes(target),
              recentMigrations: () => appliedMigrations(target),
            },
          ]
        : [];
    });
    const captured: App['captured'] = (target) => app.captured(target);
    const runs = createRunWorker({
      store,
      settings,
      now,
      log,
      steps,
      target: (name) => targets.get(name),
      captured,
    });
    const perform = createPerform({ client, store, app, log, now });
    const jobs = assembleJobs({
      store,
      clock,
      log,
      app,
      perform,
      replay: () => slack.replay(),
      watched,
      runs,
    });
    const receiver = createReceiver({
      listen: http,
      tokens: http.token === undefined ? [] : [http.token],
      targets: [...targets.keys()],
      capture: (target, migrations) => app.capture(target, migrations),
      ready: () =>
        Promise.resolve(slack.connected() ? { ok: true } : { ok: false, reason: 'not connected to Slack' }),
      log,
    });
    const url = await receiver.start();
    closing.push(() => receiver.stop());
    await slack.start();
    closing.push(() => slack.stop());
    jobs.start();
    closing.push(() => jobs.stop());
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The app alone, as the terminal uses it beside a running bot. */
export async function buildApp(parts: {
  store: Store;
  settings: Settings;
  directory: Directory;
  now?: () => Date;
  steps?: ReadonlyMap<string, StepKind>;
}): Promise<App> {
  const { store, settings, directory, now = () => systemClock.now(), steps = await loadSteps() } = parts;
  const runbooks = await loadRunbooks(RUNBOOKS, steps);
  const runs = createRuns({ store, settings, now, directory, runbooks });
  return createApp({ store, settings, now, generatedBy: `Firebreak ${VERSION}`, runs });
}
