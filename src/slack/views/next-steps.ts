/** What a run's outcome leaves to be done: a session that is in the way, data that is still wrong. */
import type { KnownBlock } from '@slack/types';
import { foreign } from '../../domain/foreign.ts';
import type { Run, RunStep } from '../../domain/run.ts';
import type { Blocker } from '../../domain/sweep.ts';
import { button, context, section } from './blocks.ts';
import { code, count, duration } from './text.ts';

const BLOCKERS = 3;

/** Nothing when the outcome needs nothing more. */
export function nextBlocks(run: Run, step: RunStep, command: string): readonly KnownBlock[] {
  const { outcome } = step;
  switch (outcome?.state) {
    case 'stopped':
      return outcome.code === 'LOCK_TIMEOUT' ? inTheWay(run, outcome.blockers) : [];
    case 'done':
      return stillWrong(run, outcome.facts, command);
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
  `:no_entry: In the way: session ${pid} (${code(user)}, ${code(application)}), ${foreign(state)}, its transaction is ${duration(transactionAge * 1000)} old, holds ${relations.map(code).join(', ') || 'a lock'}\nLast statement: ${code(query)}`;

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

/** One offer for each table whose rows are not as their source says. */
function stillWrong(
  run: Run,
  facts: Readonly<Record<string, unknown>>,
  command: string,
): readonly KnownBlock[] {
  const tables = Object.entries(facts['data_suspect_tables'] ?? {}).filter(([, rows]) => Number(rows) > 0);
  return tables.flatMap(([table, rows]) => [
    section(
      `:warning: *Data still wrong: ${count(Number(rows), 'row')}* in ${code(table)}`,
      repair(run, table),
    ),
    context(`Or type ${code(`${command} run table-repair table=${table} run=${run.id}`)}`),
  ]);
}

const repair = (run: Run, table: string) =>
  button({
    text: 'Repair',
    actionId: 'run:start',
    value: {
      incident: run.incidentId,
      runbook: 'table-repair',
      params: { target: run.target, table, run: String(run.id) },
    },
    style: 'primary',
    confirm: {
      title: 'Plan a repair?',
      text: `A plan is made to repair ${code(table)} on ${code(run.target)}. Somebody else has to approve it.`,
      yes: 'Make the plan',
    },
  });
