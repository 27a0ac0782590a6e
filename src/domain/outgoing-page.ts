/** A page that goes out by another way than Slack. */
import type { PageWay } from './team.ts';

export interface OutgoingPage {
  readonly via: PageWay;
  readonly team: string;
  readonly incident: number;
  /** Number within the incident. */
  readonly escalation: number;
  /** From 1. */
  readonly level: number;
  readonly action: 'trigger' | 'acknowledge' | 'resolve';
  readonly title: string;
  readonly severity: string;
  readonly reason?: string;
  /** Slack ids of who is paged. */
  readonly people: readonly string[];
  readonly drill?: true;
}
