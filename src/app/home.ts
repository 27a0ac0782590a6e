/** What a person sees of their own: their incidents, approvals that wait for them, what they have to do, who is on call. */
import { isSlackUser } from '../domain/actor.ts';
import { hasAsked } from '../domain/approval.ts';
import { type Figures, figures } from '../domain/figures.ts';
import type { ActionItem, Incident } from '../domain/incident.ts';
import type { Run } from '../domain/run.ts';
import type { Settings } from '../domain/settings.ts';
import { dayOn } from '../domain/when.ts';
import { listIncidents, openActionItems } from '../store/incidents.ts';
import { runsAwaitingApproval } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import type { Directory } from './app.ts';
import { figuresFor } from './figures.ts';
import { type OnCallLevel, type OnCallPorts, onCallNow } from './on-call.ts';
import { isNamed, isReader } from './permit.ts';
import { remembering } from './remembering.ts';
import { visibleOf } from './visibility.ts';

export interface HomeFacts {
  /** Open ones that they declared, lead, work in or were paged for, the newest first. */
  readonly mine: readonly Incident[];
  /** All other open ones that they may know of. */
  readonly others: readonly Incident[];
  /** Runs whose plan they may approve and did not ask for. */
  readonly approvals: readonly Run[];
  /** Slack did not say whether they may approve. */
  readonly approvalsUnread?: true;
  /** What they own and is not done, overdue first, then by deadline; those without one last. */
  readonly actionItems: readonly OwnItem[];
  readonly onCall: Readonly<Record<string, readonly OnCallLevel[]>>;
  /** Of the last `FIGURE_DAYS` days. */
  readonly figures: Figures;
}

const DAY_MS = 24 * 3_600_000;
const FIGURE_DAYS = 90;

export interface OwnItem {
  readonly incident: number;
  readonly item: ActionItem;
  readonly overdue: boolean;
}

export interface HomeParts extends Omit<OnCallPorts, 'directory'> {
  readonly store: Store;
  readonly settings: Settings;
  readonly directory: Directory;
  readonly now: () => Date;
}

export async function homeOf(given: HomeParts, user: string): Promise<HomeFacts> {
  const parts = { ...given, directory: remembering(given.directory) };
  const { store, settings, now } = parts;
  // Guests and people of other companies see what is their own to do, and nothing of the incidents.
  if (await isReader(parts.directory, user))
    return { ...nothing(settings), actionItems: await itemsOf(parts, user) };
  const open = await visibleOf(await listIncidents(store, { state: 'open' }), user, parts);
  const mine = open.filter((incident) => isOf(incident, user));
  return {
    mine,
    others: open.filter((incident) => !mine.includes(incident)),
    ...(await approvalsFor(parts, open, user)),
    actionItems: await itemsOf(parts, user),
    figures: await figuresFor(parts, lastDays(now(), FIGURE_DAYS), user),
    onCall: Object.fromEntries(
      await Promise.all(
        Object.entries(settings.teams).map(
          async ([name, team]) => [name, await onCallNow(team, now(), parts)] as const,
        ),
      ),
    ),
  };
}

const nothing = ({ severities }: Settings): HomeFacts => ({
  mine: [],
  others: [],
  approvals: [],
  actionItems: [],
  figures: figures(
    [],
    severities.map(({ name }) => name),
  ),
  onCall: {},
});

/** Up to now: what begins later has not. */
const lastDays = (now: Date, days: number) => ({ from: new Date(now.getTime() - days * DAY_MS), to: now });

const isOf = ({ declaredBy, roles, pages }: Incident, user: string): boolean =>
  declaredBy === user || Object.values(roles).includes(user) || pages.some((page) => page.user === user);

/** A group that cannot be read must not leave the whole home undrawn. */
async function approvalsFor(
  { store, settings, directory }: HomeParts,
  visible: readonly Incident[],
  user: string,
): Promise<Pick<HomeFacts, 'approvals' | 'approvalsUnread'>> {
  try {
    const named = isSlackUser(user) && (await isNamed(settings.permissions.approve, directory, user));
    if (!named) return { approvals: [] };
  } catch {
    return { approvals: [], approvalsUnread: true };
  }
  const waiting = (await runsAwaitingApproval(store)).filter((run) => !hasAsked(run, user));
  return { approvals: waiting.filter(({ incidentId }) => visible.some(({ id }) => id === incidentId)) };
}

/** An owner may know of what they own, also in an incident that they have left. */
async function itemsOf({ store, settings, now }: HomeParts, user: string): Promise<readonly OwnItem[]> {
  const today = dayOn(now(), settings.timezone);
  const items = await openActionItems(store, user);
  return items
    .map(({ incident, item }) => ({ incident, item, overdue: item.due !== undefined && item.due < today }))
    .sort((a, b) => (a.item.due ?? '9999').localeCompare(b.item.due ?? '9999') || a.incident - b.incident);
}
