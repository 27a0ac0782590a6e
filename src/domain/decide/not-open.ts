/** The refusal that most moves share. */
import type { Incident } from '../incident.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { formatUtc } from '../when.ts';

/** Resolved and cancelled incidents only move again by `reopen`. */
export const notOpen = ({ status, statusSince, id }: Incident): Refusal =>
  refuse('NOT_OPEN', { found: status, number: id, since: formatUtc(statusSince) });
