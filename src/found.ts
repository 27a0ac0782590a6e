/** What is found on disk: verbs, checks, step kinds, runbooks and sources of alerts. */
import { loadAlertSources } from './alerts/source.ts';
import { loadCommands } from './app/load-commands.ts';
import { loadChecks } from './databases/check.ts';
import type { Logger } from './log.ts';
import { loadRunbooks } from './runbooks/load.ts';
import { loadSteps } from './runbooks/step.ts';

/** `folders`: of runbooks, the shipped one first. Throws RUNBOOK_WRONG with every mistake of every file. */
export async function findAll(folders: readonly string[], log: Logger) {
  const steps = await loadSteps();
  const runbooks = await loadRunbooks(folders, steps, (path) =>
    log.info({ path }, 'a runbook goes before the shipped one of its name'),
  );
  const sources = await loadAlertSources();
  return { steps, runbooks, sources, checks: await loadChecks(), commands: await loadCommands() };
}
