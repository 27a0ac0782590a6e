/** What a run's outcome leaves to be done: a session that is in the way, data that is still wrong. */
import type { KnownBlock } from '@slack/types';
import type { Run, RunStep } from '../../domain/run.ts';
import type { Blocker } from '../../domain/sweep.ts';
import { actions, button, context, section } from './blocks.ts';
import { code, count, duration, mrkdwn } from './text.ts';

const BLOCKERS = 3;

/** Nothing when the outcome needs nothing more. */
export function nextBlocks(run: Run, step: RunStep, command: string): readonly KnownBlock[] {
  const { outcome } = step;
  switch (outcome?.state) {
    case 'stopped':
      return outcome.code === 'LOCK_TIMEOUT' ? inTheWay(run, outcome.blockers) : [];
    case 'done':
      return stillWrong(run, step, outcome.facts, command);
    default:
      return [];
  }
}

function inTheWay(run: Run, blockers: readonly Blocker[]): readonly KnownBlock[] {
  const more = blockers.length - BLOCKERS;
  return [
    ...blockers.slice(0, BLOCKERS).map((blocker) => section(blockerText(blocker), endSession(run, blocker))),
    ...(more > 0 ? [context(`and ${count(more, 'more session')} in the way`)] : []),
  ];
}

const blockerText = ({ pid, user, application, state, transactionAge, query, relations }: Blocker): string =>
  `:no_entry: In the way: session ${pid} (${code(user)}, ${code(application)}), ${mrkdwn(state)}, its transaction is ${duration(transactionAge * 1000)} old, holds ${relations.map(code).join(', ') || 'a lock'}\nLast statement: ${code(query)}`;

const endSession = (run: Run, { pid, backendStart }: Blocker) =>
  button({
    text: `End session ${pid}`,
    actionId: 'run:start',
    value: {
      incident: run.incidentId,
      runbook: 'blocked-queries',
      params: { target: run.target, pid: String(pid), backend_start: backendStart },
    },
    style: 'danger',
    confirm: {
      title: `End session ${pid}?`,
      text: `A plan is made to end session ${pid} on ${code(run.target)}; its transaction will be rolled back. Somebody else has to approve it.`,
      yes: 'Make the plan',
    },
  });

function stillWrong(
  run: Run,
  step: RunStep,
  facts: Readonly<Record<string, unknown>>,
  command: string,
): readonly KnownBlock[] {
  const suspect = Number(facts['data_suspect'] ?? 0);
  if (!(suspect > 0)) return [];
  const table = tableOf(step, facts);
  const said = section(
    `:warning: *Data still wrong: ${count(suspect, 'row')}*${table ? ` in ${code(table)}` : ''}`,
  );
  const line = `${command} run table-repair table=${table ?? '<table>'} run=${run.id}`;
  return [said, ...offerRepair(run, table), context(`Or type ${code(line)}`)];
}

function offerRepair(run: Run, table: string | undefined): readonly KnownBlock[] {
  if (table === undefined) return [];
  const params = { target: run.target, table, run: String(run.id) };
  const offered = actions([
    button({
      text: 'Repair',
      actionId: 'run:start',
      value: { incident: run.incidentId, runbook: 'table-repair', params },
      style: 'primary',
      confirm: {
        title: 'Plan a repair?',
        text: `A plan is made to repair ${code(table)} on ${code(run.target)}. Somebody else has to approve it.`,
        yes: 'Make the plan',
      },
    }),
  ]);
  return offered ? [offered] : [];
}

/** The table that was looked at, as the outcome or else the plan names it. */
const tableOf = ({ plan }: RunStep, facts: Readonly<Record<string, unknown>>): string | undefined =>
  named(facts['table']) ??
  named(facts['data_suspect_table']) ??
  named(facts['tables']) ??
  named(plan?.inputs['table']) ??
  named(plan?.inputs['tables']);

function named(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' && one !== '' ? one : undefined;
}
