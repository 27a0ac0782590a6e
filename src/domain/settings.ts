/** What firebreak.yml says that decisions depend on; config.ts parses it and hands it on. */
import type { TargetSettings } from './target-settings.ts';
import type { Team } from './team.ts';

/** User ids (`U…`) or user groups (`S…`); undefined means "not named". */
export type Named = readonly string[] | undefined;

export interface Permissions {
  /** Not named: every full member. */
  readonly declare: Named;
  readonly respond: Named;
  readonly dangerous: Named;
  /** Not named: nobody. */
  readonly approve: Named;
}

export interface Settings {
  /** The slash command's name: `/incident`. */
  readonly command: string;
  /** IANA zone in which a time without a zone is read. */
  readonly timezone: string;
  /** Id of the channel where incidents are announced and proposed. */
  readonly incidentsChannel: string;
  readonly permissions: Permissions;
  /** Who is paged, by the team's name. */
  readonly teams: Readonly<Record<string, Team>>;
  /** By user id: the number that is told when somebody has to be called by hand. */
  readonly phones: Readonly<Record<string, string>>;
  readonly targets: Readonly<Record<string, TargetSettings>>;
  /** Dangerous steps allowed an hour over all targets. */
  readonly breaker: { readonly dangerousPerHour: number };
}
