/** Who may know that a private incident exists, read from Slack at the moment of the look. */
import { isSlackUser } from '../domain/actor.ts';
import type { Actor, Incident } from '../domain/incident.ts';
import type { Settings } from '../domain/settings.ts';
import { loadIncident } from '../store/incidents.ts';
import type { Db } from '../store/store.ts';
import type { Directory } from './app.ts';
import { isNamed } from './permit.ts';

export interface VisibilityPorts {
  readonly settings: Pick<Settings, 'permissions'>;
  readonly directory: Directory;
  /** A terminal that asked to see private incidents; one that can read the store could do so anyway. */
  readonly operator?: boolean;
}

type Known = Pick<Incident, 'private' | 'channelId' | 'declaredBy'>;

/** For who looks at the same time as the bot acts for itself: it sees everything. */
export const FIREBREAK: Actor = 'firebreak';

/** True for public ones; else for members of the channel and for those whom `permissions.private` names. */
export async function isVisible(
  incident: Known,
  viewer: Actor,
  { settings, directory, operator = false }: VisibilityPorts,
): Promise<boolean> {
  if (!incident.private || viewer === FIREBREAK) return true;
  if (viewer.startsWith('terminal:')) return operator;
  const { channelId, declaredBy } = incident;
  // Until Slack has made the channel it has no members.
  if (channelId === undefined) return viewer === declaredBy;
  // Each by itself: a user group that is gone must not hide it from the members of its channel.
  return (
    (await isSure(async () => (await directory.channelMembers(channelId)).includes(viewer))) ||
    (await isSure(() => isNamed(settings.permissions.private, directory, viewer)))
  );
}

/** True for an incident that a person of Slack may not know of, as they are now. Others have been asked at the door. */
export async function isHidden(
  id: number,
  viewer: Actor,
  { store, ...ports }: VisibilityPorts & { readonly store: Db },
): Promise<boolean> {
  if (!isSlackUser(viewer)) return false;
  const incident = await loadIncident(store, id);
  return incident !== undefined && !(await isVisible(incident, viewer, ports));
}

/** What Slack does not say is not so: what is private stays hidden. */
async function isSure(ask: () => Promise<boolean>): Promise<boolean> {
  try {
    return await ask();
  } catch {
    return false;
  }
}

/** Those that the viewer may know of, in their order. */
export async function visibleOf<K extends Known>(
  incidents: readonly K[],
  viewer: Actor,
  ports: VisibilityPorts,
): Promise<readonly K[]> {
  const seen = await Promise.all(incidents.map((incident) => isVisible(incident, viewer, ports)));
  return incidents.filter((_, index) => seen[index]);
}
