/** What a run says: its timeline entries, its live message, the plan as a file, the call for an approver. */
import { isSlackUser, person } from './actor.ts';
import { hasAsked } from './approval.ts';
import type { Effect } from './effects.ts';
import type { EntryKind, NewEntry } from './entry.ts';
import { foreign } from './foreign.ts';
import type { Actor } from './incident.ts';
import type { Plan } from './plan.ts';
import { redacted } from './redact-output.ts';
import type { Run, RunState, RunStep } from './run.ts';

interface Said {
  readonly kind: EntryKind;
  readonly actor: Actor;
  readonly text: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An entry about a step, with who asked for it, who approved it and which plan it was. */
export function stepEntry(run: Run, step: RunStep, said: Said, at: Date): NewEntry {
  const approver = step.approval?.decision?.kind === 'approved' ? step.approval.decision.by : undefined;
  const people = approver
    ? ` (requested by ${person(run.requestedBy)}, approved by ${person(approver)})`
    : '';
  return {
    at,
    kind: said.kind,
    actor: said.actor,
    text: `Run ${run.id}, ${step.name} on ${run.target}: ${said.text}${people}`,
    details: {
      ...said.details,
      run: run.id,
      step: step.index,
      step_kind: step.kind,
      target: run.target,
      requester: run.requestedBy,
      ...(approver ? { approver } : {}),
      ...(step.plan ? { plan_hash: step.plan.hash } : {}),
    },
  };
}

/** What this run leaves out from the start, since its parameters say so. */
export const skippedEntry = (run: Run, step: RunStep, at: Date): NewEntry =>
  stepEntry(run, step, { kind: 'step', actor: run.requestedBy, text: 'left out by the parameters' }, at);

/** An entry about the run as a whole. */
export function runEntry(run: Run, state: RunState | 'started', at: Date, by?: Actor): NewEntry {
  const actor = by ?? (state === 'started' ? run.requestedBy : 'firebreak');
  return {
    at,
    kind: 'run',
    actor,
    text: `Run ${run.id} ${state}: ${run.title} on ${run.target}`,
    details: {
      run: run.id,
      runbook: run.runbook,
      target: run.target,
      params: redacted(run.params),
      state,
      requester: run.requestedBy,
    },
  };
}

/** The run's message in the incident's channel, which is kept current. */
export const live = (run: Run): Effect => ({
  kind: 'live',
  to: { kind: 'incident', id: run.incidentId },
  subject: { kind: 'run', run: run.id },
});

/** A line in the incident's channel, for what must not be overlooked. */
export const say = (run: Run, text: string): Effect => ({
  kind: 'say',
  to: { kind: 'incident', id: run.incidentId },
  text,
});

/** The exact SQL of a plan, for whoever has to say yes to it. */
export const planFile = (run: Run, step: RunStep, plan: Plan): Effect => ({
  kind: 'file',
  to: { kind: 'incident', id: run.incidentId },
  name: `plan-${run.id}-${step.index}.sql`,
  title: plan.title,
  content: plan.sql,
  comment: `The exact SQL of run ${run.id}, plan \`${plan.hash.slice(0, 12)}\``,
});

/** Brings the approvers in and calls them to a plan or a gate: an edited message notifies nobody. */
export function callApprovers(
  run: Run,
  step: RunStep,
  what: string,
  approvers: readonly string[],
): readonly Effect[] {
  const others = approvers.filter((id) => !hasAsked(run, id));
  const users = others.filter(isSlackUser);
  const names = others.length > 0 ? others.map(mention).join(' ') : 'Nobody is named in permissions.approve:';
  const text = `:lock: ${names} approval is needed for run ${run.id}, ${step.name}: ${foreign(what)} (asked for by ${person(run.requestedBy)})`;
  return [
    ...(users.length > 0 ? [{ kind: 'invite', incident: run.incidentId, users } as const] : []),
    say(run, text),
  ];
}

const mention = (id: string): string => (id.startsWith('S') ? `<!subteam^${id}>` : person(id));
