/** Loads what a live message shows, and renders it. */
import type { LiveSubject } from '../../domain/effects.ts';
import { actionReminder } from '../views/action-reminder.ts';
import { announcement } from '../views/announcement.ts';
import type { View } from '../views/blocks.ts';
import { card } from '../views/card.ts';
import { page } from '../views/page.ts';
import { alertGroup, heldBack, proposal } from '../views/proposal.ts';
import { reminder } from '../views/reminder.ts';
import { run } from '../views/run.ts';
import type { Performing } from './context.ts';

/** Of a group's alerts, each in a line. */
const SHOWN = 10;

/** Undefined when what it shows is unknown to the store. */
export async function viewOf(subject: LiveSubject, { app }: Performing): Promise<View | undefined> {
  const { settings } = app;
  const { command } = settings;
  switch (subject.kind) {
    case 'card': {
      const record = await app.record(subject.incident);
      return record && card(record, settings);
    }
    case 'announcement': {
      const incident = await app.incident(subject.incident);
      return incident && announcement(incident, settings);
    }
    case 'page': {
      const incident = await app.incident(subject.incident);
      return incident && page(incident, subject.page, settings);
    }
    case 'reminder': {
      const incident = await app.incident(subject.incident);
      return incident && reminder(incident, subject.reminder, settings);
    }
    case 'action': {
      const incident = await app.incident(subject.incident);
      return incident && actionReminder(incident, subject.item, subject.on);
    }
    case 'run': {
      const known = await app.run(subject.run);
      return known && run(known, command);
    }
    case 'proposal': {
      const known = await app.proposal(subject.proposal);
      const became = known?.incidentId === undefined ? undefined : await app.incident(known.incidentId);
      if (!known) return undefined;
      const group = await app.alertsOf(known.id, SHOWN);
      const open = became ? [] : await app.attachable();
      return proposal({ known, group, command, hidden: became?.private ?? false, open, now: app.now() });
    }
    case 'alerts': {
      const known = await app.proposal(subject.proposal);
      return known && alertGroup(known, await app.alertsOf(known.id, SHOWN), app.now());
    }
    case 'held-back':
      return heldBack(await app.heldBackAlerts(), command);
  }
}
