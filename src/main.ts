/** The composition root: builds everything, starts it, and stops it in reverse. */
import { createApp } from './app/create.ts';
import { createDispatch } from './app/dispatch.ts';
import type { Vitals } from './app/health.ts';
import { openAll } from './closing.ts';
import type { Config } from './config.ts';
import { maskSql } from './databases/redact.ts';
import { openTargets } from './databases/targets.ts';
import { findAll } from './found.ts';
import { createInward } from './inward.ts';
import { assembleJobs } from './jobs/assemble.ts';
import { type Clock, systemClock } from './jobs/clock.ts';
import { createRunWorker } from './jobs/run-step.ts';
import { createLogger, type Logger } from './log.ts';
import { journalsOf } from './monitors/guards.ts';
import { historyOf } from './monitors/holds.ts';
import { watch } from './monitors/watch.ts';
import { createOutward } from './outward.ts';
import { createWhoIsOnCall } from './paging/pagerduty-schedules.ts';
import { runnable } from './runbooks/step.ts';
import { createSlack } from './slack/bolt.ts';
import { createContact } from './slack/contact.ts';
import { errorCounts } from './store/error-reports.ts';
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
  {
    clock = systemClock,
    log = createLogger({ secrets: config.secrets }),
  }: { clock?: Clock; log?: Logger } = {},
): Promise<Running> =>
  openAll(async (onClose) => {
    const { settings, slack: keys, http } = config;
    const now = (): Date => clock.now();
    const { store, spool, close } = await openOwnStore(config, log);
    onClose(close);
    const { lastCall, directory, ...contact } = createContact(keys, now, log);
    const { steps, commands, sources, ...found } = await findAll(config.runbooks, log);
    const schedules = createWhoIsOnCall(config.paging);
    const vitals: Vitals = {
      slack: () => ({ connected: slack.connected(), last: lastCall() }),
      monitors: config.monitors,
      targets: () => targets.health(),
      spool: () => spool.state(),
    };
    const known = { ...found, settings, schedules, vitals };
    const app = createApp({ ...known, store, directory, now, generatedBy: PRODUCT, showSql: maskSql });
    const dispatch = createDispatch({ app, directory, commands });
    const talk = { ...contact, store, spool, app, log, now };
    const slack = createSlack({ ...keys, ...talk, command: settings.command, dispatch, directory });
    const targets = openTargets(settings.targets, { now, log });
    onClose(targets.closeAll);
    const target = targets.get.bind(targets);
    const runs = createRunWorker({ ...talk, target, settings, steps: runnable(steps) });
    const looks = { history: historyOf(targets), journals: journalsOf(targets) };
    const watched = watch(config.monitors, targets, { now, log, reported: errorCounts(store) });
    const work = { ...createOutward(config, talk), replay: slack.replay, runs, directory, watched, ...looks };
    const jobs = assembleJobs({ ...talk, ...work, clock, connected: () => slack.connected() });
    const inward = { ...talk, sources, targets: targets.names, slack: slack.handle, vitals };
    const receiver = createInward(http, inward);
    const url = await receiver.start();
    onClose(() => receiver.stop());
    jobs.start();
    onClose(() => jobs.stop());
    // Last: what was durable before goes on while Slack is away.
    onClose(() => slack.stop());
    await slack.start();
    return { url };
  });
