/** A team that can be paged: its levels, who is on call at each, and the ways besides Slack that a page goes. */
import type { Rotation } from './rotation.ts';

export type OnCallSource =
  /** A person of Slack: `U…` or `W…`. */
  | { readonly kind: 'user'; readonly id: string }
  /** A user group of Slack: `S…`. */
  | { readonly kind: 'group'; readonly id: string }
  /** One of the team's own rotations. */
  | { readonly kind: 'rotation'; readonly name: string }
  | { readonly kind: 'pagerduty'; readonly schedule: string };

export interface Level {
  /** At least one. */
  readonly onCall: readonly OnCallSource[];
  /** Nobody answers for so long: the next level is paged. */
  readonly waitSeconds: number;
}

/** How a page goes besides the direct message in Slack. */
export type PageWay = 'pagerduty' | 'webhook';

export interface Team {
  readonly name: string;
  /** At least one. */
  readonly levels: readonly Level[];
  readonly rotations: Readonly<Record<string, Rotation>>;
  readonly ways: readonly PageWay[];
}

/** A word of `on_call`; undefined when it is none. Ids are written in capitals, names of rotations are not. */
export function readSource(word: string): OnCallSource | undefined {
  if (/^[UW][A-Z0-9]{2,}$/.test(word)) return { kind: 'user', id: word };
  if (/^S[A-Z0-9]{2,}$/.test(word)) return { kind: 'group', id: word };
  if (/^[a-z0-9][a-z0-9_-]*$/.test(word)) return { kind: 'rotation', name: word };
  const [, schedule] = /^pagerduty:([A-Z0-9]{2,})$/.exec(word) ?? [];
  return schedule === undefined ? undefined : { kind: 'pagerduty', schedule };
}
