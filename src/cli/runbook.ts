/** `firebreak runbook list|show|lint`: the runbooks, and whether they are written right. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Runbook, RunbookStep } from '../domain/runbook.ts';
import { FirebreakError } from '../errors.ts';
import { loadRunbooks } from '../runbooks/load.ts';
import { loadSteps, type StepKind } from '../runbooks/step.ts';
import { RUNBOOKS } from '../version.ts';
import { printJson } from './options.ts';

interface Json {
  readonly json?: true;
}

export const runbookCommand = (): Command =>
  new Command('runbook')
    .description('Runbooks')
    .addCommand(
      new Command('list')
        .description('List the shipped runbooks')
        .option('--json', 'print facts as JSON')
        .action(list),
    )
    .addCommand(
      new Command('show')
        .description('Show a runbook: its parameters, its steps, and what each may do')
        .argument('<name>', 'its name')
        .option('--json', 'print facts as JSON')
        .action(show),
    )
    .addCommand(
      new Command('lint')
        .description('Report every mistake as file:line:column path: what, expected')
        .argument('[dir]', 'a folder of runbooks', RUNBOOKS)
        .action(lint),
    );

async function list({ json }: Json): Promise<void> {
  const runbooks = [...(await loadRunbooks(RUNBOOKS, await loadSteps())).values()];
  const facts = runbooks.map(({ name, summary }) => ({ name, summary }));
  if (json) printJson(facts);
  else process.stdout.write(facts.map(({ name, summary }) => `${name}: ${summary}\n`).join(''));
}

async function show(name: string, { json }: Json): Promise<void> {
  const kinds = await loadSteps();
  const runbooks = await loadRunbooks(RUNBOOKS, kinds);
  const runbook = runbooks.get(name);
  if (!runbook)
    throw new FirebreakError('UNKNOWN_RUNBOOK', { found: name, known: [...runbooks.keys()].join(', ') });
  const facts = factsOf(runbook, kinds);
  if (json) printJson(facts);
  else process.stdout.write(inLines(facts));
}

async function lint(dir: string): Promise<void> {
  const runbooks = await loadRunbooks(resolve(dir), await loadSteps());
  process.stdout.write(`${runbooks.size} runbooks, no mistakes\n`);
}

const factsOf = ({ name, title, summary, params, steps }: Runbook, kinds: ReadonlyMap<string, StepKind>) => ({
  name,
  title,
  summary,
  params: [
    {
      name: 'target',
      type: 'target',
      required: true,
      description: 'a target of firebreak.yml; the only one is taken unasked',
    },
    ...Object.entries(params).map(([param, it]) => ({ name: param, ...it })),
  ],
  steps: steps.map((step: RunbookStep) => ({
    name: step.name,
    kind: step.kind,
    risk: step.risk,
    ...(step.when === undefined ? {} : { when: step.when }),
    dry_run: kinds.get(step.kind)?.dryRun ?? 'not known',
  })),
});

function inLines({ name, title, summary, params, steps }: ReturnType<typeof factsOf>): string {
  const given = params.map(
    (it) => `  ${it.name} (${it.type}${it.required ? '' : ', optional'}): ${it.description}`,
  );
  const done = steps.flatMap((it, i) => [
    `  ${i + 1}. ${it.name} (${it.kind}, ${it.risk})${it.when === undefined ? '' : `, only with ${it.when}`}`,
    `     ${it.dry_run}`,
  ]);
  return `${[`${name}: ${title}`, summary, '', 'Parameters', ...given, '', 'Steps', ...done].join('\n')}\n`;
}
