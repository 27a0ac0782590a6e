/** `firebreak runbook list|show|lint|schema|run`: the runbooks, whether they are written right, and starting one. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { runbookFolders } from '../config.ts';
import { flatSteps, type Runbook, type When, whenOf } from '../domain/runbook.ts';
import { FirebreakError } from '../errors.ts';
import { loadRunbooks } from '../runbooks/load.ts';
import { jsonSchema } from '../runbooks/schema.ts';
import { type Kinds, loadSteps } from '../runbooks/step.ts';
import { RUNBOOKS } from '../version.ts';
import { printJson } from './options.ts';
import { runCommand } from './runbook-run.ts';

interface Wishes {
  readonly config: string;
  readonly json?: true;
}

export const runbookCommand = (): Command =>
  new Command('runbook')
    .description(
      'Runbooks: those that are shipped, and those in the folder `runbooks` beside the configuration',
    )
    .addCommand(configured(new Command('list').description('List the runbooks')).action(list))
    .addCommand(
      configured(
        new Command('show')
          .description('Show a runbook: its parameters, its steps, and what each may do')
          .argument('<name>', 'its name'),
      ).action(show),
    )
    .addCommand(
      new Command('lint')
        .description('Report every mistake as file:line:column path: found …, expected …')
        .argument('[dir]', 'a folder of runbooks (default: the shipped ones); they may call the shipped ones')
        .action(lint),
    )
    .addCommand(
      new Command('schema')
        .description('Print the JSON Schema of the format, for editors')
        .action(async () => void process.stdout.write(jsonSchema(await loadSteps()))),
    )
    .addCommand(runCommand());

const configured = (command: Command): Command =>
  command
    .option('--config <file>', 'the configuration', 'firebreak.yml')
    .option('--json', 'print facts as JSON');

async function list({ config, json }: Wishes): Promise<void> {
  const runbooks = [...(await loadRunbooks(runbookFolders(config), await loadSteps())).values()];
  const facts = runbooks.map(({ name, summary }) => ({ name, summary }));
  if (json) printJson(facts);
  else process.stdout.write(facts.map(({ name, summary }) => `${name}: ${summary}\n`).join(''));
}

async function show(name: string, { config, json }: Wishes): Promise<void> {
  const kinds = await loadSteps();
  const runbooks = await loadRunbooks(runbookFolders(config), kinds);
  const runbook = runbooks.get(name);
  if (!runbook)
    throw new FirebreakError('UNKNOWN_RUNBOOK', { found: name, known: [...runbooks.keys()].join(', ') });
  const facts = factsOf(runbook, kinds);
  if (json) printJson(facts);
  else process.stdout.write(inLines(facts));
}

async function lint(dir: string | undefined): Promise<void> {
  const folders = dir === undefined ? [RUNBOOKS] : [RUNBOOKS, resolve(dir)];
  const runbooks = await loadRunbooks(folders, await loadSteps());
  process.stdout.write(`${runbooks.size} runbooks, no mistakes\n`);
}

const factsOf = (runbook: Runbook, kinds: Kinds) => ({
  name: runbook.name,
  title: runbook.title,
  summary: runbook.summary,
  params: [
    {
      name: 'target',
      type: 'target',
      required: true,
      description: 'a target of firebreak.yml; the only one is taken unasked',
    },
    ...Object.entries(runbook.params).map(([param, it]) => ({ name: param, ...it })),
  ],
  steps: flatSteps(runbook).map((step) => ({
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
  const done = steps.flatMap((it, i) => {
    const whens = whenOf(it).map(inWords);
    return [
      `  ${i + 1}. ${it.name} (${it.kind}, ${it.risk})${whens.length === 0 ? '' : `, only ${whens.join(' and ')}`}`,
      `     ${it.dry_run}`,
    ];
  });
  return `${[`${name}: ${title}`, summary, '', 'Parameters', ...given, '', 'Steps', ...done].join('\n')}\n`;
}

function inWords(when: When): string {
  if (typeof when === 'string') return `with ${when}`;
  if ('step' in when) return `when ${when.step} is ${when.is}`;
  return `with ${when.param}${when.is === undefined ? '' : `=${when.is}`}`;
}
