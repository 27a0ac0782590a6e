/** The plan of a dangerous step, for whoever has to say yes to it: what it does, its hash, until when. */
import type { KnownBlock } from '@slack/types';
import { foreign } from '../../domain/foreign.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Approval, Run, RunStep } from '../../domain/run.ts';
import { actions, button, context, lines, section } from './blocks.ts';
import { clip, code, count } from './text.ts';
import { when, who } from './words.ts';

const SUMMARY_LINE = 350;
const SUMMARY_LINES = 15;
const HASH = 12;

/** Nothing when the step does not wait for an answer. */
export function approvalBlocks(run: Run, step: RunStep): readonly KnownBlock[] {
  const { plan, approval, state } = step;
  if (state !== 'awaiting_approval' || !plan || !approval || approval.decision) return [];
  const buttons = actions([approve(run, step, plan), refuse(run, step, plan)]);
  return [
    section(`:lock: *${clip(foreign(plan.title), SUMMARY_LINE)}*`),
    ...lines(summary(plan)),
    context(terms(plan, approval)),
    ...(buttons ? [buttons] : []),
  ];
}

const summary = ({ summary: all }: Plan): readonly string[] => [
  ...all.slice(0, SUMMARY_LINES).map((line) => `• ${clip(foreign(line), SUMMARY_LINE)}`),
  ...(all.length > SUMMARY_LINES
    ? [`• and ${count(all.length - SUMMARY_LINES, 'more point')}, not shown here`]
    : []),
];

const terms = ({ hash }: Plan, { requestedBy, expiresAt }: Approval): string =>
  `Plan ${code(hash.slice(0, HASH))}, asked for by ${who(requestedBy)}; somebody else has to approve it before ${when(expiresAt)}. The exact SQL is in the file above.`;

const approve = (run: Run, step: RunStep, plan: Plan) =>
  button({
    text: 'Approve',
    actionId: 'approval:approved',
    value: valueOf(run, step, plan),
    style: 'primary',
    confirm: {
      title: 'Approve this plan?',
      text: `${foreign(plan.title)}\nPlan ${code(plan.hash.slice(0, HASH))} is carried out on ${code(plan.target)} at once.`,
      yes: 'Approve',
    },
  });

const refuse = (run: Run, step: RunStep, plan: Plan) =>
  button({
    text: 'Refuse',
    actionId: 'approval:refused',
    value: valueOf(run, step, plan),
    style: 'danger',
  });

const valueOf = ({ id }: Run, { index }: RunStep, { hash }: Plan) => ({
  run: id,
  step: index,
  planHash: hash,
});
