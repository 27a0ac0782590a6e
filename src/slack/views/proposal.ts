/** A monitor's proposal to declare an incident: what fails, since when, and what changed shortly before. */

import { foreign } from '../../domain/foreign.ts';
import type { Proposal } from '../../domain/record.ts';
import { actions, button, context, fields, section, type View, view } from './blocks.ts';
import { clip, code, duration } from './text.ts';
import { when } from './words.ts';

const TITLE_LENGTH = 120;

/** `hidden`: the incident that it became is private. */
export function proposal(known: Proposal, command: string, hidden = false): View {
  const { service, target, error } = known;
  const head = `Queries fail: ${service ?? target}`;
  return view(`:rotating_light: ${foreign(head)}: ${foreign(error)}`, [
    section(`:rotating_light: *${foreign(head)}*\n${clip(foreign(error), 1500)}`),
    fields(facts(known)),
    ...(known.incidentId === undefined
      ? offer(known, command)
      : [context(hidden ? 'It is being looked into.' : `Became incident ${known.incidentId}.`)]),
  ]);
}

/** The line that declares it; whoever knows better changes the severity or the title. */
export const declareLine = (known: Proposal): string => lineWith(known, titleOf(known));

/** The same as Slack would hand it over: what a database said calls nobody from the title either. */
export const typedDeclareLine = (known: Proposal): string => lineWith(known, foreign(titleOf(known)));

const lineWith = ({ id }: Proposal, title: string): string =>
  `declare sev2 proposal:${id} ${clip(title, TITLE_LENGTH)}`;

const titleOf = ({ service, target, error }: Proposal): string =>
  `${service ?? target}: ${error}`.replace(/\s+/g, ' ').trim();

function facts(known: Proposal): readonly (readonly [string, string])[] {
  const { monitor, target, sqlstate, relations, migration, firstFailedAt, detectedAt } = known;
  return [
    ['Seen by', `monitor ${code(monitor)} on ${code(target)}`],
    ['SQLSTATE', sqlstate === undefined ? 'not known' : code(sqlstate)],
    ['Relations', relations.length === 0 ? 'not known' : relations.map(code).join(', ')],
    [
      'Failing since',
      `${when(firstFailedAt)}, seen ${duration(detectedAt.getTime() - firstFailedAt.getTime())} later`,
    ],
    [
      'Migration before it',
      migration === undefined ? 'none in the hour before' : applied(migration, firstFailedAt),
    ],
  ];
}

function applied({ name, appliedAt }: NonNullable<Proposal['migration']>, failedAt: Date): string {
  if (appliedAt === undefined) return `${code(name)}, applied at a time that is not known`;
  return `${code(name)}, applied ${when(appliedAt)}, ${distance(failedAt.getTime() - appliedAt.getTime())}`;
}

const distance = (ms: number): string =>
  ms >= 0 ? `${duration(ms)} before the first failure` : `${duration(-ms)} after the first failure`;

const offer = (known: Proposal, command: string) => [
  actions([
    button({
      text: 'Declare incident',
      actionId: 'proposal:declare',
      value: { proposal: known.id },
      style: 'primary',
    }),
  ]),
  context(`Or type ${code(`${command} ${declareLine(known)}`)}`),
];
