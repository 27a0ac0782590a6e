/** `firebreak runbook run <name> --incident N`: starts a runbook as the verb `run` does, and may follow it to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { App } from '../app/app.ts';
import { refusalText } from '../app/refusal-text.ts';
import { refuse } from '../domain/refusal.ts';
import type { Run, RunStep } from '../domain/run.ts';
import { incidentNumber, printJson, type StoreOptions, withStore, wrongUsage } from './options.ts';
import { onTerminal, type Terminal, withoutEmoji } from './terminal.ts';

interface RunOptions extends StoreOptions {
  readonly incident?: number;
  readonly target?: string;
  readonly param: Readonly<Record<string, string>>;
  readonly config: string;
  readonly private?: boolean;
  readonly wait?: true;
  readonly json?: true;
}

export const runCommand = (): Command =>
  withStore(
    new Command('run')
      .description('Start a runbook in an incident; what is dangerous in it waits for an approval in Slack')
      .argument('<name>', 'its name')
      .option('--incident <number>', 'the incident it belongs to', incidentNumber)
      .option('--target <name>', 'a target of firebreak.yml; the only one is taken unasked')
      .option('--param <name=value>', 'a value for a parameter; may be repeated', pair, {})
      .option('--wait', 'follow it to its end; exit 1 unless it was done')
      .option('--config <file>', 'the configuration', 'firebreak.yml')
      .option('--private', 'private incidents too')
      .option('--json', 'print facts as JSON'),
  ).action(async (name: string, options: RunOptions) => {
    const { incident } = options;
    if (incident === undefined)
      wrongUsage(
        'say in which incident: --incident <number>. `firebreak incident list` shows those that are open, ' +
          '`firebreak incident declare …` opens one.',
      );
    await onTerminal(options, (terminal) => run(name, incident, options, terminal));
  });

async function run(
  name: string,
  incident: number,
  { target, param, wait, json }: RunOptions,
  { app, actor }: Terminal,
): Promise<void> {
  const params = { ...param, ...(target === undefined ? {} : { target }) };
  const started = (await app.isVisible(incident, actor))
    ? await app.startRun({ incident, runbook: name, params, by: actor })
    : refuse('INCIDENT_UNKNOWN', { found: incident });
  if (!started.ok) {
    process.stderr.write(`${withoutEmoji(refusalText(started))}\n`);
    process.exitCode = 1;
    return;
  }
  if (!json) process.stdout.write(`Run ${started.run.id} started: ${started.run.title}\n`);
  const last = wait ? await follow(app, started.run, json ? () => undefined : tell) : started.run;
  if (json) printJson(factsOf(last));
  else if (wait) process.stdout.write(`Run ${last.id} is ${last.state}\n`);
  if (wait && last.state !== 'done') process.exitCode = 1;
}

const LOOK_MS = 500;

/** As long as it takes: people are asked in between. What the store holds is the bot's doing; nothing is done here. */
async function follow(app: App, started: Run, onStep: (step: RunStep) => void): Promise<Run> {
  const seen = new Map<number, string>();
  for (let run = started; ; run = (await app.run(started.id)) ?? run) {
    for (const step of run.steps.filter(({ state }) => state !== 'pending')) {
      const stands = `${step.state} ${step.verdict ?? ''}`;
      if (seen.get(step.index) !== stands) onStep(step);
      seen.set(step.index, stands);
    }
    if (run.endedAt) return run;
    await sleep(LOOK_MS);
  }
}

const tell = ({ index, name, state, verdict }: RunStep): void =>
  void process.stdout.write(
    `${index}. ${name}: ${state.replaceAll('_', ' ')}${verdict === undefined ? '' : `. ${withoutEmoji(verdict)}`}\n`,
  );

const factsOf = ({ id, incidentId, runbook, title, target, params, state, steps }: Run) => ({
  run: id,
  incident: incidentId,
  runbook,
  title,
  target,
  params,
  state,
  steps: steps.map(({ index, name, kind, risk, state: stands, verdict }) => ({
    index,
    name,
    kind,
    risk,
    state: stands,
    ...(verdict === undefined ? {} : { verdict }),
  })),
});

function pair(word: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([a-z][a-z0-9_]*)=(.+)$/s.exec(word) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('Write name=value, for example table=order_status.');
  return { ...before, [name]: value };
}
