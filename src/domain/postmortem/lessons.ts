/** Sections 5, 6, 8 and 9: what the record says went well and wrong. Opinions are left to people, and said to be. */
import type { Incident, Page } from '../incident.ts';
import { duration, metrics, secondsBetween } from '../metrics.ts';
import type { IncidentRecord } from '../record.ts';
import type { ProbeResult } from '../sweep.ts';
import { undoneBy } from './cause.ts';
import {
  type Act,
  acts,
  count,
  factsOf,
  isDone,
  keptRows,
  migrations,
  newest,
  proposalsInOrder,
  sweeps,
  total,
} from './facts.ts';
import { code, inline, list } from './markdown.ts';
import { lasted, said } from './summary.ts';
import { codes, named, notRecorded, plural, seconds, session, who } from './words.ts';

/** Section 5. */
export const wentWell = (record: IncidentRecord): string =>
  list([
    ...detected(record),
    ...diagnosed(record),
    ...acts(record).filter(cleanlyStopped).map(cleanStop),
    ...rolledBack(record),
    ...repaired(record),
    ...approvals(record),
    `What the team thinks went well: ${team}`,
  ]);

/** Section 6. */
export const wentWrong = (record: IncidentRecord): string =>
  list([
    ...noticedByPeople(record),
    ...blindSpots(record),
    ...unanswered(record),
    ...acts(record).flatMap(failed),
    ...damageLeft(record),
    ...undoneBy(record),
    `What the team thinks went wrong: ${team}`,
  ]);

/** Section 8. */
export const lessons = (record: IncidentRecord): string =>
  list([
    `Key takeaways: ${team}`,
    `Process improvements: ${team}`,
    'Facts to discuss:',
    [
      ...metrics(record.incident.milestones).map(({ name, seconds: took }) => `${name}: ${seconds(took)}`),
      `dangerous steps asked for: ${acts(record).length}, done: ${acts(record).filter(isDone).length}`,
      `pages: ${record.incident.pages.length}, answered: ${record.incident.pages.filter(({ answer }) => answer).length}`,
    ],
  ]);

/** Section 9. */
export function conclusion(record: IncidentRecord): string {
  const { id, severity, status, actionItems } = record.incident;
  const suspects = migrations(record);
  const done = [...rolledBack(record), ...repaired(record)];
  const [cause, fix] = [said(record, 'cause'), said(record, 'fix')];
  const open = actionItems.filter((item) => !item.done).length;
  return list([
    `Incident ${id} (${severity}) is ${status}`,
    `Duration: ${lasted(record)}`,
    ...(suspects.length > 0 ? [`In question: migration ${suspects.map(code).join(', ')}`] : []),
    ...(suspects.length > 0 && cause === undefined ? [] : [`Cause: ${cause ?? team}`]),
    ...(fix === undefined ? [] : [`What fixed it: ${fix}`]),
    ...(done.length > 0 ? done : ['No rollback or repair by Firebreak is recorded']),
    `Action items: ${actionItems.length}, of which ${open} open`,
    `What the team concludes: ${team}`,
  ]);
}

const team = notRecorded('the team should fill this in');

const stopped = ({ step }: Act): boolean => step.outcome?.state === 'stopped';

const detected = (record: IncidentRecord): readonly string[] =>
  proposalsInOrder(record).map(({ monitor, firstFailedAt, detectedAt }) => {
    const took = seconds(secondsBetween(firstFailedAt, detectedAt));
    return `Monitor ${code(monitor)} detected the failure ${took} after its first failed query`;
  });

function diagnosed(record: IncidentRecord): readonly string[] {
  const [first] = sweeps(record);
  if (!first) return [];
  const words = JSON.stringify(first.report);
  const named = migrations(record).filter((name) => words.includes(name));
  const what = named.length > 0 ? ` and named the migration ${named.map(code).join(', ')}` : '';
  return [`The first diagnosis took ${duration(first.report.took_ms / 1000)}${what}`];
}

const cleanStop = (act: Act): string =>
  `${named(act)} could not be done and stopped cleanly, nothing was left behind`;

const cleanlyStopped = (act: Act): boolean => stopped(act) && keptRows(factsOf(act)) === 0;

const rolledBack = (record: IncidentRecord): readonly string[] =>
  acts(record, 'migration-rollback')
    .filter(isDone)
    .map((act) => {
      const took = secondsBetween(act.step.startedAt, act.step.endedAt);
      return `${named(act)} was done${took === undefined ? '' : ` in ${duration(took)}`}`;
    });

function repaired(record: IncidentRecord): readonly string[] {
  const repairs = acts(record, 'table-repair');
  const restored = total(repairs, 'restored');
  if (restored === undefined) return [];
  const conflicts = newest(repairs, 'conflicts');
  const kept =
    conflicts === undefined
      ? 'how many were written since is not recorded'
      : `rows that still differ, written since or held by others and not overwritten: ${conflicts}`;
  return [`The repair put back ${plural(restored, 'row')}; ${kept}`];
}

function approvals(record: IncidentRecord): readonly string[] {
  const approved = acts(record).flatMap(({ step }) =>
    step.approval?.decision?.kind === 'approved' ? [step.approval] : [],
  );
  const byAnother = approved.filter(({ requestedBy, decision }) => decision?.by !== requestedBy);
  if (approved.length === 0 || byAnother.length < approved.length) return [];
  return [
    `Each of the ${plural(approved.length, 'approved plan')} was approved by somebody else than who asked`,
  ];
}

function noticedByPeople(record: IncidentRecord): readonly string[] {
  const { detected: at } = record.incident.milestones;
  if (record.proposals.length > 0) return [];
  return [`No monitor saw it${at ? `: detected by ${who(record, at.by)}` : ''}`];
}

const blindSpots = (record: IncidentRecord): readonly string[] =>
  sweeps(record).flatMap(({ report }) =>
    report.checks
      .filter(({ status }) => status === 'skipped' || status === 'timeout')
      .map(
        ({ check, status, verdict }) => `Check ${code(check)} gave no answer (${status}): ${inline(verdict)}`,
      ),
  );

const unanswered = (record: IncidentRecord): readonly string[] =>
  record.incident.pages
    .filter((page) => !wasNotNeeded(page, record.incident))
    .map(({ number, team: paged, user, answer, unsent }) => {
      const silent = unsent === undefined ? 'was not answered' : `could not be sent: ${inline(unsent)}`;
      const what = answer ? 'was declined' : silent;
      return `Page ${number} to ${inline(paged)} (${who(record, user)}) ${what}`;
    });

/** Somebody of the same level came, or the incident ended before the wait did: nobody failed to answer. */
const wasNotNeeded = (page: Page, { pages, escalations }: Incident): boolean =>
  pages.some(
    ({ escalation, level, answer }) =>
      escalation === page.escalation && level === page.level && answer?.kind === 'acknowledged',
  ) ||
  escalations.some(
    ({ number, level, state }) =>
      number === page.escalation && level === page.level && state === 'stopped' && !page.answer,
  );

function failed(act: Act): readonly string[] {
  const { state, outcome } = act.step;
  if (outcome?.state === 'unknown')
    return [`${named(act)}: whether it was committed is not known. ${inline(outcome.verdict)}`];
  if (outcome?.state === 'done') return redProbes(act, outcome.probes);
  if (!outcome) return state === 'failed' ? [`${named(act)} failed`] : [];
  const because = outcome.blockers.map((each) => ` because of ${session(each)}`).join(', and');
  return [`${named(act)} failed with ${code(outcome.code)}${because || `: ${inline(outcome.verdict)}`}`];
}

function redProbes(act: Act, probes: readonly ProbeResult[]): readonly string[] {
  const red = probes.filter(({ ok }) => !ok).map(({ name }) => name);
  return red.length > 0 ? [`After ${named(act)} probes still failed: ${codes(red)}`] : [];
}

const damageLeft = (record: IncidentRecord): readonly string[] =>
  acts(record, 'migration-rollback')
    .filter(isDone)
    .flatMap((act) => {
      const rows = count(factsOf(act), 'data_suspect') ?? 0;
      return rows > 0 ? [`After ${named(act)} ${plural(rows, 'row')} still held wrong data`] : [];
    });
