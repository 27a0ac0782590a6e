/** A page that goes out by another way than Slack; what came of it there is told in the same way. */
import type { PageWay } from './team.ts';

export interface OutgoingPage {
  readonly via: PageWay;
  readonly team: string;
  /** The incident's number. */
  readonly incident: number;
  /** Its number within the incident. */
  readonly escalation: number;
  /** From 1. */
  readonly level: number;
  /** Paged; somebody answered; it is over. */
  readonly action: 'trigger' | 'acknowledge' | 'resolve';
  readonly title: string;
  readonly severity: string;
  readonly reason?: string;
  /** Slack ids of those who are paged. */
  readonly people: readonly string[];
  /** An exercise. */
  readonly drill?: true;
}
