/** What was changed outside (deploys, migrations, flags), and which of it came shortly before an incident. */
import { foreign } from './foreign.ts';
import type { Incident } from './incident.ts';
import { duration } from './metrics.ts';
import type { IncidentRecord, Proposal } from './record.ts';
import type { Row } from './timeline.ts';

export const CHANGE_KINDS = ['deploy', 'migration', 'flag', 'config', 'other'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** As its source tells it. */
export interface ReportedChange {
  /** Who told: `http`, `github`, `capture` (migrations of a project), `guard`. */
  readonly source: string;
  /** Names it within its source: told again, it is the same one. */
  readonly externalId: string;
  readonly kind: ChangeKind;
  /** One line of somebody else's words. */
  readonly title: string;
  readonly service?: string | undefined;
  readonly target?: string | undefined;
  /** Where one repository holds several services. */
  readonly services?: readonly string[];
  readonly author?: string | undefined;
  readonly link?: string | undefined;
  /** How it ended, where that is told; told later, it is written into the change that is known. */
  readonly outcome?: 'success' | 'failure';
  readonly at: Date;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** As it is kept. */
export interface Change extends Omit<ReportedChange, 'externalId' | 'services'> {
  readonly id: number;
  readonly receivedAt: Date;
  readonly details: Readonly<Record<string, unknown>>;
}

/** How long before the impact began a change may have to do with it. */
const BEFORE_MS = 2 * 60 * 60 * 1000;

/** When it began, as far as it is known: when the impact did, else when it was detected, else when it was declared. */
export const beganAt = ({ milestones, declaredAt }: Pick<Incident, 'milestones' | 'declaredAt'>): Date =>
  milestones.impact_started?.at ?? milestones.detected?.at ?? declaredAt;

/**
 * From two hours before it began until it was declared: a deploy is often reported when it is through, and has broken
 * something by then. One that is told afterwards was declared long after, so its window ends when it began.
 */
export function windowOf(incident: Incident): { readonly from: Date; readonly until: Date } {
  const began = beganAt(incident);
  const declared = incident.kind === 'retrospective' ? began : incident.declaredAt;
  return { from: new Date(began.getTime() - BEFORE_MS), until: declared > began ? declared : began };
}

/** `Deploy of order-status by ana: <title>`, as an entry of the timeline; what Firebreak itself saw is its title alone. */
export function changeText({ source, kind, title, service, target, author, outcome }: Told): string {
  const words = foreign(title);
  if (OURS.includes(source)) return words;
  const of = service === undefined ? '' : ` of ${service}`;
  const on = target === undefined ? '' : ` on ${target}`;
  // A redaction takes what stands behind the first colon for somebody's words.
  const by = author === undefined ? '' : ` by ${foreign(author).replaceAll(':', ' ')}`;
  return `${NAMES[kind]}${of}${on}${by}${outcome === 'failure' ? ' failed' : ''}: ${words}`;
}

type Told = Pick<Change, 'source' | 'kind' | 'title' | 'service' | 'target' | 'author' | 'outcome'>;

const OURS = ['capture', 'guard'];
const NAMES: Readonly<Record<ChangeKind, string>> = {
  deploy: 'Deploy',
  migration: 'Migration',
  flag: 'Flag',
  config: 'Configuration',
  other: 'Change',
};

/** Whether it is the migration that a monitor names anyway, with the time at which it was applied. */
export const isToldAnyway = (
  { source, kind, title, at, details }: Change,
  proposals: readonly Proposal[],
): boolean =>
  kind === 'migration' &&
  proposals.some(({ migration }) => {
    if (migration?.appliedAt === undefined) return false;
    // A file that is captured afterwards is another version of it.
    if (source === 'capture' && at > migration.appliedAt) return false;
    const { migrations } = details;
    return Array.isArray(migrations)
      ? migrations.length === 1 && migrations[0] === migration.name
      : title.includes(migration.name);
  });

/** One thing that changed around the beginning of an incident. */
export interface Changed {
  readonly at: Date;
  /** As an entry of the timeline has it. */
  readonly text: string;
  /** `4 min before the impact began` */
  readonly when: string;
  /** The entry that tells it; undefined: none does. */
  readonly seq?: number;
}

/** From two hours before it began on, newest first: what the timeline tells, and what was reported and is not in it. */
export function whatChanged(
  { incident, proposals, changes }: Pick<IncidentRecord, 'incident' | 'proposals' | 'changes'>,
  rows: readonly Row[],
): readonly Changed[] {
  const { from } = windowOf(incident);
  const told = rows.filter(({ kind, at }) => kind === 'change' && at >= from);
  const untold = changes.filter((each) => !isToldAnyway(each, proposals) && !told.some(tells(each)));
  return [
    ...told.map(({ at, text = 'erased', seq }) => ({ at, text, when: sinceThen(incident, at), seq })),
    ...untold.map((each) => ({ at: each.at, text: changeText(each), when: sinceThen(incident, each.at) })),
  ].toSorted((a, b) => b.at.getTime() - a.at.getTime());
}

/** An erased entry has lost what it was about, but not its time. */
const tells =
  ({ id, at, details: { guard } }: Change) =>
  (row: Row): boolean =>
    row.details?.['change'] === id ||
    (guard !== undefined && row.details?.['guard'] === guard) ||
    (row.text === undefined && row.at.getTime() === at.getTime());

function sinceThen(incident: Incident, at: Date): string {
  const { impact_started: impact, detected } = incident.milestones;
  const what = impact ? 'the impact began' : detected ? 'it was detected' : 'it was declared';
  const seconds = Math.round((beganAt(incident).getTime() - at.getTime()) / 1000);
  return seconds < 0 ? `${duration(-seconds)} after ${what}` : `${duration(seconds)} before ${what}`;
}
