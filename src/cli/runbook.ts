/** `firebreak runbook list|lint`: the runbooks, and whether they are written right. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadRunbooks } from '../runbooks/load.ts';
import { loadSteps } from '../runbooks/step.ts';
import { RUNBOOKS } from '../version.ts';

export const runbookCommand = (): Command =>
  new Command('runbook')
    .description('Runbooks')
    .addCommand(
      new Command('list').description('List the shipped runbooks').action(async () => {
        const runbooks = [...(await loadRunbooks(RUNBOOKS, await loadSteps())).values()];
        process.stdout.write(runbooks.map(({ name, summary }) => `${name}: ${summary}\n`).join(''));
      }),
    )
    .addCommand(
      new Command('lint')
        .description('Report every mistake as file:line:column path: what, expected')
        .argument('[dir]', 'a folder of runbooks', RUNBOOKS)
        .action(async (dir: string) => {
          const runbooks = await loadRunbooks(resolve(dir), await loadSteps());
          process.stdout.write(`${runbooks.size} runbooks, no mistakes\n`);
        }),
    );
