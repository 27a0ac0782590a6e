/** Migrations that a deploy sends: kept for plans, and an entry in the open incidents that they concern. */
import { decide } from '../domain/decide.ts';
import { isOpen } from '../domain/incident.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import type { Settings } from '../domain/settings.ts';
import { saveCaptured } from '../store/captured-migrations.ts';
import { lockIncident, openIncidentsOn } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import { commitDecision } from './commit.ts';

export interface ChangesParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
}

/** What was known already is no change. */
export function captureChanges(
  { store, settings, now }: ChangesParts,
  target: string,
  migrations: readonly CapturedMigration[],
): Promise<void> {
  return store.transaction(async (tx) => {
    const at = now();
    const fresh = await saveCaptured(tx, target, migrations, at);
    if (fresh.length === 0) return;
    const services = settings.targets[target]?.services ?? [];
    for (const id of await openIncidentsOn(tx, target, services)) {
      const incident = await lockIncident(tx, id);
      if (!incident || !isOpen(incident)) continue;
      const text = changeText(target, fresh);
      const details = { target, migrations: fresh.slice(-MOST_KEPT), count: fresh.length };
      const wish = { kind: 'record', by: 'firebreak', entry: 'change', text, details } as const;
      const decision = decide(incident, wish, at, settings);
      if (decision.ok) await commitDecision(tx, decision, {}, at);
    }
  });
}

const MOST_NAMED = 5;
const MOST_KEPT = 100;

/** The newest names: a project's first capture brings all that it ever had. */
function changeText(target: string, names: readonly string[]): string {
  const named = names.slice(-MOST_NAMED).join(', ');
  const more = names.length - MOST_NAMED;
  const which = names.length === 1 ? `Migration ${named}` : `${names.length} migrations`;
  const list = names.length === 1 ? '' : `: ${more > 0 ? '…, ' : ''}${named}`;
  return `${which} captured for ${target}, new or changed${list}`;
}
