/** A run in its incident's channel: its steps as they go, the plan that waits for a yes, and what to do next. */
import type { KnownBlock } from '@slack/types';
import { foreign } from '../../domain/foreign.ts';
import { isTakenBack, type Run, type RunState, type RunStep, type StepState } from '../../domain/run.ts';
import { approvalBlocks } from './approval.ts';
import { context, header, lines, type View, view } from './blocks.ts';
import { nextBlocks } from './next-steps.ts';
import { outputBlocks } from './output.ts';
import { steeringBlocks } from './steering.ts';
import { isSweep, sweepBlocks } from './sweep.ts';
import { clip, code, duration, mrkdwn } from './text.ts';
import { when, who } from './words.ts';

const VERDICT = 600;
/** How a verdict begins that a person gave; all else in it was said elsewhere. */
const BY_PERSON =
  /^(?:(?:Approved|Refused|Confirmed|Skipped|Cancelled) by <@[UW][A-Z0-9]+>|Not done, says <@[UW][A-Z0-9]+>|<@[UW][A-Z0-9]+> found it (?:not )?carried out:)/;

const STEP_MARKS: Readonly<Record<StepState, string>> = {
  pending: ':white_small_square:',
  planning: ':mag:',
  awaiting_approval: ':lock:',
  running: ':hourglass_flowing_sand:',
  waiting: ':hourglass:',
  done: ':white_check_mark:',
  stopped: ':octagonal_sign:',
  failed: ':x:',
  skipped: ':heavy_minus_sign:',
  not_reached: ':black_small_square:',
  unknown: ':question:',
};

const RUN_WORDS: Readonly<Record<RunState, string>> = {
  running: 'running',
  waiting: 'waits for somebody',
  awaiting_approval: 'waits for an approval',
  done: 'done',
  stopped: 'stopped: rolled back, nothing was left behind',
  failed: 'failed',
  unknown: 'outcome not known yet: the target is asked again',
  cancelled: 'cancelled',
};

/** A step that stopped was rolled back, unless it is of a kind that cannot be. */
const wordsFor = ({ state, steps }: Run): string =>
  state === 'stopped' && steps.some((step) => step.state === 'stopped' && !isTakenBack(step))
    ? 'stopped'
    : RUN_WORDS[state];

export function run(known: Run, command: string): View {
  const { id, title, steps } = known;
  const head = `Run ${id}: ${title}`;
  // What somebody has to act on comes first: a long list below it may be cut.
  return view(`${mrkdwn(head)}: ${wordsFor(known)}`, [
    header(head),
    context(about(known)),
    ...steps.flatMap((step): readonly KnownBlock[] => approvalBlocks(known, step)),
    ...steeringBlocks(known),
    ...steps.flatMap((step): readonly KnownBlock[] => nextBlocks(known, step, command)),
    ...lines(steps.map(stepLine)),
    ...steps.flatMap(({ index, output }): readonly KnownBlock[] =>
      isSweep(output) ? sweepBlocks(output, index) : outputBlocks(output),
    ),
  ]);
}

function about(run: Run): string {
  const { target, requestedBy, requestedAt, endedAt } = run;
  const ended = endedAt === undefined ? '' : ` after ${duration(endedAt.getTime() - requestedAt.getTime())}`;
  return `*${wordsFor(run)}*${ended} | on ${code(target)} | asked for by ${who(requestedBy)} at ${when(requestedAt)}`;
}

function stepLine({ index, name, risk, state, verdict, startedAt, endedAt, approval }: RunStep): string {
  const took = startedAt && endedAt ? ` (${duration(endedAt.getTime() - startedAt.getTime())})` : '';
  const said = verdict === undefined ? '' : `: ${clip(verdictText(verdict), VERDICT)}`;
  const { decision } = approval ?? {};
  const by = decision?.kind === 'approved' && endedAt ? `, approved by ${who(decision.by)}` : '';
  const ahead = state === 'pending' && risk === 'dangerous' ? ' (needs an approval)' : '';
  return `${STEP_MARKS[state]} ${index}. *${foreign(name)}*${took}${by}${ahead}${said}`;
}

function verdictText(verdict: string): string {
  const [named = ''] = BY_PERSON.exec(verdict) ?? [];
  return named + foreign(verdict.slice(named.length));
}
