/** Sections 5, 6, 8 and 9: what the record says went well and wrong. Opinions are left to people, and said to be. */
import type { Incident, Page } from '../incident.ts';
import { duration, metrics, secondsBetween } from '../metrics.ts';
import type { ProbeResult } from '../sweep.ts';
import { rowsOfAct, rowsOfSighting, undoneBy } from './cause.ts';
import { ofStep, proposed, rowsWhere } from './cite.ts';
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
import { missing } from './missing.ts';
import type { Report } from './report.ts';
import { lasted, said } from './summary.ts';
import { codes, named, notRecorded, plural, seconds, session, who, written } from './words.ts';

/** Section 5. */
export const wentWell = (report: Report): string =>
  list([
    ...orNone([
      ...detected(report),
      ...diagnosed(report),
      ...cleanStops(report),
      ...rolledBack(report).flatMap(({ line, rows }) => proposed(line, rows)),
      ...repaired(report).flatMap(({ line, rows }) => proposed(line, rows)),
      ...approvals(report),
    ]),
    ...written(report, 'went-well'),
  ]);

/** Section 6. */
export const wentWrong = (report: Report): string =>
  list([
    ...orNone([
      ...noticedByPeople(report),
      ...blindSpots(report),
      ...unanswered(report),
      ...acts(report).flatMap((act) => failed(act).flatMap((line) => proposed(line, rowsOfAct(report, act)))),
      ...damageLeft(report),
      ...undoneBy(report).flatMap(({ line, rows }) => proposed(line, rows)),
    ]),
    ...written(report, 'went-wrong'),
  ]);

/** Section 8. */
export const lessons = (report: Report): string =>
  list([
    ...written(report, 'takeaways'),
    ...written(report, 'process'),
    'Facts to discuss:',
    [
      ...metrics(report.incident.milestones).map(({ name, seconds: took }) => `${name}: ${seconds(took)}`),
      `dangerous steps asked for: ${acts(report).length}, done: ${acts(report).filter(isDone).length}`,
      `pages: ${report.incident.pages.length}, answered: ${report.incident.pages.filter(({ answer }) => answer).length}`,
    ],
  ]);

/** Section 9. */
export const conclusion = (report: Report): string =>
  [list(concluded(report)), '### What is missing, and who could say', list(missing(report))].join('\n\n');

function concluded(report: Report) {
  const { id, severity, status, actionItems } = report.incident;
  const suspects = migrations(report);
  const done = [...rolledBack(report), ...repaired(report)].map(({ line }) => line);
  const [cause, fix] = [said(report, 'cause'), said(report, 'fix')];
  const open = actionItems.filter((item) => !item.done).length;
  return [
    `Incident ${id} (${severity}) is ${status}`,
    `Duration: ${lasted(report)}`,
    ...(suspects.length > 0 ? [`In question: migration ${suspects.map(code).join(', ')}`] : []),
    ...(suspects.length > 0 && cause === undefined
      ? []
      : [`Cause: ${cause ?? notRecorded('say it with `cause <text>`')}`]),
    ...(fix === undefined ? [] : [`What fixed it: ${fix}`]),
    ...(done.length > 0 ? done : ['No rollback or repair by Firebreak is recorded']),
    `Action items: ${actionItems.length}, of which ${open} open`,
    ...written(report, 'conclusion'),
  ];
}

const orNone = (lines: readonly string[]): readonly string[] =>
  lines.length > 0 ? lines : ['Nothing is proposed: no recorded fact supports it'];

interface Statement {
  readonly line: string;
  readonly rows: readonly number[];
}

const stopped = ({ step }: Act): boolean => step.outcome?.state === 'stopped';

const detected = (report: Report): readonly string[] =>
  proposalsInOrder(report).flatMap((proposal) => {
    const took = seconds(secondsBetween(proposal.firstFailedAt, proposal.detectedAt));
    return proposed(
      proposal.foreign
        ? `An alert of ${code(proposal.monitor)} came in ${took} after it began`
        : `Monitor ${code(proposal.monitor)} detected the failure ${took} after its first failed query`,
      rowsOfSighting(report, proposal),
    );
  });

function diagnosed(report: Report): readonly string[] {
  const [first] = sweeps(report);
  if (!first) return [];
  const words = JSON.stringify(first.report);
  const named = migrations(report).filter((name) => words.includes(name));
  const what = named.length > 0 ? ` and named the migration ${named.map(code).join(', ')}` : '';
  return proposed(
    `The first diagnosis took ${duration(first.report.took_ms / 1000)}${what}`,
    rowsOfAct(report, first),
  );
}

const cleanStops = (report: Report): readonly string[] =>
  acts(report)
    .filter(cleanlyStopped)
    .flatMap((act) =>
      proposed(
        `${named(act)} could not be done and stopped cleanly, nothing was left behind`,
        rowsOfAct(report, act),
      ),
    );

const cleanlyStopped = (act: Act): boolean => stopped(act) && keptRows(factsOf(act)) === 0;

const rolledBack = (report: Report): readonly Statement[] =>
  acts(report, 'migration-rollback')
    .filter(isDone)
    .map((act) => {
      const took = secondsBetween(act.step.startedAt, act.step.endedAt);
      const line = `${named(act)} was done${took === undefined ? '' : ` in ${duration(took)}`}`;
      return { line, rows: rowsOfAct(report, act) };
    });

function repaired(report: Report): readonly Statement[] {
  const repairs = acts(report, 'table-repair');
  const restored = total(repairs, 'restored');
  if (restored === undefined) return [];
  const conflicts = newest(repairs, 'conflicts');
  const kept =
    conflicts === undefined
      ? 'how many were written since is not recorded'
      : `rows that still differ, written since or held by others and not overwritten: ${conflicts}`;
  const line = `The repair put back ${plural(restored, 'row')}; ${kept}`;
  return [{ line, rows: repairs.flatMap((act) => rowsOfAct(report, act)) }];
}

function approvals(report: Report): readonly string[] {
  const approved = acts(report).filter(({ step }) => step.approval?.decision?.kind === 'approved');
  const byAnother = approved.filter(({ step }) => step.approval?.decision?.by !== step.approval?.requestedBy);
  if (byAnother.length < approved.length) return [];
  return proposed(
    `Each of the ${plural(approved.length, 'approved plan')} was approved by somebody else than who asked`,
    approved.flatMap(({ run, step }) => rowsWhere(report, ofStep(run.id, step.index, ['approval']))),
  );
}

/** Of what is told afterwards no monitor of Firebreak could know: that says nothing of those that there were. */
function noticedByPeople(report: Report): readonly string[] {
  const { milestones, kind } = report.incident;
  if (report.proposals.length > 0 || kind !== 'incident') return [];
  const rows = rowsWhere(
    report,
    (row) =>
      row.kind === 'declared' || (row.kind === 'milestone' && row.details?.['milestone'] === 'detected'),
  );
  const by = milestones.detected ? `: detected by ${who(report, milestones.detected.by)}` : '';
  return proposed(`No monitor saw it${by}`, rows);
}

const blindSpots = (report: Report): readonly string[] =>
  sweeps(report).flatMap((look) =>
    look.report.checks
      .filter(({ status }) => status === 'skipped' || status === 'timeout')
      .flatMap(({ check, status, verdict }) =>
        proposed(
          `Check ${code(check)} gave no answer (${status}): ${inline(verdict)}`,
          rowsOfAct(report, look),
        ),
      ),
  );

const unanswered = (report: Report): readonly string[] =>
  report.incident.pages
    .filter((page) => !wasNotNeeded(page, report.incident))
    .flatMap((page) => {
      const { number, team: paged, user, answer, unsent } = page;
      const silent = unsent === undefined ? 'was not answered' : `could not be sent: ${inline(unsent)}`;
      const line = `Page ${number} to ${inline(paged)} (${who(report, user)}) ${answer ? 'was declined' : silent}`;
      return proposed(line, rowsOfPage(report, page));
    });

/** The page is written down at its own instant. */
const rowsOfPage = (report: Report, { at }: Page): readonly number[] =>
  rowsWhere(report, (row) => row.kind === 'page' && row.at.getTime() === at.getTime());

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

const damageLeft = (report: Report): readonly string[] =>
  acts(report, 'migration-rollback')
    .filter(isDone)
    .flatMap((act) => {
      const rows = count(factsOf(act), 'data_suspect') ?? 0;
      if (rows === 0) return [];
      return proposed(
        `After ${named(act)} ${plural(rows, 'row')} still held wrong data`,
        rowsOfAct(report, act),
      );
    });
