/** A group of alerts: what fails, since when, what changed shortly before, and what can be done about it. */
import { type AlertGroup, isFlapping, type KnownAlert, turnsLately } from '../../domain/alert.ts';
import { foreign } from '../../domain/foreign.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Proposal } from '../../domain/record.ts';
import { saidOf, sightingText } from '../../domain/sighting.ts';
import { actions, button, context, fields, lines, section, type View, view } from './blocks.ts';
import { offerButtons } from './offers.ts';
import { clip, code, count, duration } from './text.ts';
import { when } from './words.ts';

const TITLE_LENGTH = 120;
const LINE = 250;

export interface ProposalShown {
  readonly known: Proposal;
  readonly group: AlertGroup;
  readonly command: string;
  /** The incident that it became is private. */
  readonly hidden: boolean;
  /** Open incidents that it may belong to. */
  readonly open: readonly Incident[];
  readonly now: Date;
}

/** The message that proposes an incident; it stays current, and says what became of it. */
export function proposal({ known, group, command, hidden, open, now }: ProposalShown): View {
  const said = saidOf(known);
  const head = headOf(known);
  const over = group.firing === 0 && group.resolved > 0;
  return view(`${over ? ':white_check_mark:' : ':rotating_light:'} ${foreign(head)}: ${foreign(said)}`, [
    section(
      `${over ? ':white_check_mark: Resolved:' : ':rotating_light:'} *${foreign(head)}*\n${clip(foreign(said), 1500)}`,
    ),
    fields(facts(known)),
    ...(isAlone(known, group, now) ? [] : lines(groupLines(group, now))),
    ...(known.incidentId === undefined
      ? offer(known, command, open)
      : [context(hidden ? 'It is being looked into.' : `Became incident ${known.incidentId}.`)]),
  ]);
}

/** The same group, in the channel of its incident. */
export function alertGroup(known: Proposal, group: AlertGroup, now: Date): View {
  const { migration, next, target, firstFailedAt } = known;
  const over = group.firing === 0 && group.resolved > 0;
  const mark = over ? ':white_check_mark:' : ':rotating_light:';
  const seen = foreign(sightingText(known));
  const help = next === undefined || !SAYABLE.test(next) ? [] : [{ label: labelOf(next), line: next }];
  const sweep = target === undefined ? [] : [{ label: 'Sweep the database', line: `db sweep ${target}` }];
  return view(`${mark} ${seen}`, [
    section(`${mark} ${clip(seen, 1500)}`),
    ...(migration ? [section(`Migration ${applied(migration, firstFailedAt)}`)] : []),
    ...(next === undefined || help.length > 0 ? [] : [section(`What helps: ${code(next)}`)]),
    ...lines(groupLines(group, now)),
    offerButtons([...help, ...sweep], `alerts${known.id}-`),
    context('An alert that is resolved closes nothing.'),
  ]);
}

/** Lines of /incident; what a server has to be told is none. */
const SAYABLE = /^(?:rollback|db|run) /;

const labelOf = (line: string): string => (line.startsWith('rollback ') ? 'Plan the rollback' : line);

/** What is beyond the hour's limit of proposals. */
export function heldBack(
  { alerts, groups, since }: { readonly alerts: number; readonly groups: number; readonly since?: Date },
  command: string,
): View {
  const text =
    since === undefined
      ? ':white_check_mark: No alert is held back any more.'
      : `:warning: ${count(alerts, 'more alert')} of ${count(groups, 'group')} fire since ${when(since)}: beyond this hour's limit of proposals, held back until it allows them.`;
  return view(text, [section(text), context(`${code(`${command} alerts dropped`)} lists them`)]);
}

/** The line that declares it; whoever knows better changes the severity or the title. */
export const declareLine = (known: Proposal): string => lineWith(known, titleOf(known));

/** The same as Slack would hand it over: what a database said calls nobody from the title either. */
export const typedDeclareLine = (known: Proposal): string => lineWith(known, foreign(titleOf(known)));

const lineWith = ({ id }: Proposal, title: string): string =>
  `declare sev2 proposal:${id} ${clip(title, TITLE_LENGTH)}`;

const titleOf = ({ service, target, monitor, error }: Proposal): string =>
  `${service ?? target ?? monitor}: ${error}`.replace(/\s+/g, ' ').trim();

function headOf({ service, target, monitor, sqlstate, ...seen }: Proposal): string {
  const of = service ?? target ?? monitor;
  if (seen.foreign) return `Alert of ${monitor}${service === undefined ? '' : `: ${service}`}`;
  return sqlstate === undefined ? `Needs a look: ${of}` : `Database errors: ${of}`;
}

function facts(known: Proposal): readonly (readonly [string, string])[] {
  const { monitor, target, sqlstate, relations, migration, firstFailedAt, detectedAt, next } = known;
  const since = [
    known.foreign ? 'Firing since' : 'Failing since',
    `${when(firstFailedAt)}, seen ${duration(detectedAt.getTime() - firstFailedAt.getTime())} later`,
  ] as const;
  const help = next === undefined ? [] : [['What helps', code(next)] as const];
  if (known.foreign) return [['Told by', code(monitor)], since, ...help];
  return [
    ['Seen by', `monitor ${code(monitor)}${target === undefined ? '' : ` on ${code(target)}`}`],
    ['SQLSTATE', sqlstate === undefined ? 'not known' : code(sqlstate)],
    ['Relations', relations.length === 0 ? 'not known' : relations.map(code).join(', ')],
    since,
    [
      'Migration before it',
      migration === undefined ? 'none in the hour before' : applied(migration, firstFailedAt),
    ],
    ...help,
  ];
}

function applied({ name, appliedAt }: NonNullable<Proposal['migration']>, failedAt: Date): string {
  if (appliedAt === undefined) return `${code(name)}, applied at a time that is not known`;
  return `${code(name)}, applied ${when(appliedAt)}, ${distance(failedAt.getTime() - appliedAt.getTime())}`;
}

const distance = (ms: number): string =>
  ms >= 0 ? `${duration(ms)} before the first failure` : `${duration(-ms)} after the first failure`;

/** One alert that fires says nothing beside what stands above it. */
const isAlone = (known: Proposal, { firing, resolved, alerts }: AlertGroup, now: Date): boolean =>
  firing + resolved <= 1 && !known.foreign && alerts.every((alert) => !isFlapping(alert, now));

function groupLines({ firing, resolved, alerts }: AlertGroup, now: Date): readonly string[] {
  const more = firing + resolved - alerts.length;
  return [
    `*${count(firing, 'alert')} firing, ${resolved} resolved*`,
    ...alerts.map((alert) => alertLine(alert, now)),
    ...(more > 0 ? [`_and ${more} more_`] : []),
  ];
}

/** An alert in a line. */
export function alertLine(alert: KnownAlert, now: Date): string {
  const { source, state, title, startedAt, resolvedAt, told, link, severity } = alert;
  const since = state === 'firing' ? `since ${when(startedAt)}` : `resolved ${when(resolvedAt ?? startedAt)}`;
  const flaps = isFlapping(alert, now)
    ? `, *flapping*: ${turnsLately(alert, now)} turns in half an hour`
    : '';
  const often = told > 1 ? `, told ${told} times` : '';
  const level = severity === undefined ? '' : ` (${foreign(severity)})`;
  const more = link !== undefined && /^https?:\/\/[^\s<>|]+$/.test(link) ? ` <${link}>` : '';
  const mark = state === 'firing' ? ':red_circle:' : ':white_check_mark:';
  return `${mark} ${clip(foreign(title), LINE)}${level}, ${code(source)}, ${since}${often}${flaps}${more}`;
}

const offer = (known: Proposal, command: string, open: readonly Incident[]) => [
  actions([
    button({
      text: 'Declare incident',
      actionId: 'proposal:declare',
      value: { proposal: known.id },
      style: 'primary',
    }),
    ...open.map(({ id }, index) =>
      button({
        text: `Attach to incident ${id}`,
        actionId: `proposal:attach:${index}`,
        value: { proposal: known.id, incident: id },
      }),
    ),
    button({ text: 'Silence for 1 h', actionId: 'proposal:silence', value: { proposal: known.id } }),
  ]),
  context(`Or type ${code(`${command} ${declareLine(known)}`)}`),
];
