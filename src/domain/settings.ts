/** What firebreak.yml says that decisions depend on; config.ts parses it and hands it on. */
import type { AlertPolicy } from './alert-rules.ts';
import type { Policy } from './policy.ts';
import type { TargetSettings } from './target-settings.ts';
import type { Team } from './team.ts';

/** The slash command, unless firebreak.yml names another. */
export const DEFAULT_COMMAND = '/incident';

/** User ids (`U…`) or user groups (`S…`); undefined means "not named". */
export type Named = readonly string[] | undefined;

export interface Permissions {
  /** Not named: every full member. */
  readonly declare: Named;
  readonly respond: Named;
  readonly dangerous: Named;
  /** Not named: nobody. */
  readonly approve: Named;
  /** Who may let a plan pass without a second person, for a typed reason. Not named: nobody. */
  readonly breakGlass?: Named;
  /** Who may erase words from the timeline. Not named: those in `approve`. */
  readonly redact?: Named;
  /** Who sees private incidents without being a member of their channels. Not named: nobody. */
  readonly private: Named;
}

export interface Service {
  /** The team to escalate to. */
  readonly team?: string;
  /** `owner/name` on GitHub; several services may live in one. */
  readonly repo?: string;
  /** Titles and addresses: they become bookmarks of the incident's channel. */
  readonly links: Readonly<Record<string, string>>;
}

export interface Settings extends Policy {
  /** The slash command's name: `/incident`. */
  readonly command: string;
  /** Id of the channel where incidents are announced and proposed. */
  readonly incidentsChannel: string;
  readonly permissions: Permissions;
  /** Who is paged, by name. */
  readonly teams: Readonly<Record<string, Team>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly targets: Readonly<Record<string, TargetSettings>>;
  /** Dangerous steps allowed an hour over all targets. */
  readonly breaker: { readonly dangerousPerHour: number };
  readonly alerts: AlertPolicy;
  /** Paths of programs that steps of the kind `shell` may run, by the name that runbooks use. */
  readonly programs?: Readonly<Record<string, string>>;
  /** What steps of the kind `http` may send as a bearer token, by the name of the environment variable. */
  readonly secrets?: Readonly<Record<string, string>>;
}
