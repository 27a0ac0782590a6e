/** The composition root: builds everything, starts it, and stops it in reverse. */
import { createApp } from './app/create.ts';
import { createDispatch } from './app/dispatch.ts';
import type { Vitals } from './app/health.ts';
import { loadCommands } from './app/load-commands.ts';
import { openAll } from './closing.ts';
import type { Config } from './config.ts';
import { maskSql } from './databases/redact.ts';
import { openTargets } from './databases/targets.ts';
import { createInward } from './inward.ts';
import { assembleJobs } from './jobs/assemble.ts';
import { type Clock, systemClock } from './jobs/clock.ts';
import { createRunWorker } from './jobs/run-step.ts';
import { createLogger, type Logger } from './log.ts';
import { watch } from './monitors/watch.ts';
import { createOutward } from './outward.ts';
import { createWhoIsOnCall } from './paging/pagerduty-schedules.ts';
import { loadRunbooks } from './runbooks/load.ts';
import { loadSteps, runnable } from './runbooks/step.ts';
import { createSlack } from './slack/bolt.ts';
import { createContact } from './slack/contact.ts';
import { openOwnStore } from './store/own.ts';
import { PRODUCT } from './version.ts';

export interface Running {
  /** Where the bot's HTTP answers. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts the bot. When something is missing it throws a coded error, with everything closed again. */
export const startFirebreak = (
  config: Config,
  { clock = systemClock, log = createLogger() }: { clock?: Clock; log?: Logger } = {},
): Promise<Running> =>
  openAll(async (onClose) => {
    const { settings, slack: keys } = config;
    const now = (): Date => clock.now();
    const { store, close } = await openOwnStore(config, log);
    onClose(close);
    const { lastCall, directory, ...contact } = createContact(keys, now, log);
    const steps = await loadSteps();
    const runbooks = await loadRunbooks(config.runbooks, steps, (path) =>
      log.info({ path }, 'a runbook goes before the shipped one of its name'),
    );
    const schedules = createWhoIsOnCall(config.paging);
    const vitals: Vitals = {
      slack: () => ({ connected: slack.connected(), last: lastCall() }),
      monitors: config.monitors,
      targets: () => targets.health(),
    };
    const known = { settings, runbooks, schedules, vitals, generatedBy: PRODUCT, showSql: maskSql };
    const app = createApp({ ...known, store, directory, now });
    const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
    const talk = { ...contact, store, app, log, now };
    const slack = createSlack({ ...keys, ...talk, command: settings.command, dispatch, directory });
    const targets = openTargets(settings.targets, { now, log });
    onClose(targets.closeAll);
    const looks = {
      target: targets.get.bind(targets),
      captured: (name: string) => app.captured(name),
      roster: (team: string) => app.roster(team),
    };
    const runs = createRunWorker({ ...talk, ...looks, settings, steps: runnable(steps) });
    const watched = watch(config.monitors, targets);
    const work = { ...createOutward(config, talk), replay: slack.replay, watched, runs, directory };
    const jobs = assembleJobs({ ...talk, ...work, clock, connected: () => slack.connected() });
    const receiver = createInward(config, { ...talk, slack, targets });
    const url = await receiver.start();
    onClose(() => receiver.stop());
    jobs.start();
    onClose(() => jobs.stop());
    // Last: what was durable before goes on while Slack is away.
    onClose(() => slack.stop());
    await slack.start();
    return { url };
  });
