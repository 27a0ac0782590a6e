/** What a monitor is given, and what comes of one look. A monitor proposes; it never acts. */
import type { MonitorState } from '../domain/monitor.ts';
import type { Sighting } from '../domain/record.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import type { LookSettings } from './look-settings.ts';

export interface MonitorSettings {
  readonly name: string;
  /** Undefined for what belongs to no target: a page. */
  readonly target?: string;
  readonly service?: string;
  readonly schedule: { readonly everySeconds: number } | { readonly cron: string };
  readonly look: LookSettings;
  /** How many red looks in a row make an incident to be proposed. */
  readonly for: number;
  /** How many green looks in a row end the red period that was proposed. */
  readonly clear: number;
  /** A look that takes longer has failed; 15 s unless told. */
  readonly timeoutMs?: number;
}

interface MonitorMemory {
  load(name: string): Promise<MonitorState | undefined>;
  /** False: somebody else has written since `revision` was read. */
  save(state: MonitorState): Promise<boolean>;
}

export interface MonitorPorts {
  readonly now: () => Date;
  readonly memory: MonitorMemory;
  readonly recentMigrations: () => Promise<readonly AppliedMigration[]>;
  /** Undefined: held back or silenced, and why is written down; asked again with the next red look. */
  readonly propose: (sighting: Sighting) => Promise<number | undefined>;
  /**
   * The proposed red period is seen to be about something more telling than what was told of it. False: the proposal's
   * incident is closed, and nobody would hear of it there; a proposal of its own follows.
   */
  readonly revise: (proposal: number, sighting: Sighting) => Promise<unknown>;
  /** It is green again, after this proposal, since then. */
  readonly onGreen: (proposal: number, at: Date) => Promise<unknown>;
  /**
   * A new red period has been confirmed after this earlier proposal. True: the proposal's incident is still open and
   * takes it up, the next green is told to it too. Anything else: a proposal of its own follows.
   */
  readonly onRedAgain: (proposal: number, at: Date) => Promise<unknown>;
}

export type MonitorChange =
  /** Nothing new: as green or as red as before. */
  | { readonly kind: 'same'; readonly color: 'green' | 'red' }
  /** The first red look of a red period. */
  | { readonly kind: 'red'; readonly at: Date }
  | { readonly kind: 'proposed'; readonly proposal: number }
  /** The incident of the earlier proposal takes the new red period up. */
  | { readonly kind: 'red-again'; readonly proposal: number }
  | { readonly kind: 'green'; readonly at: Date; readonly proposal?: number };
