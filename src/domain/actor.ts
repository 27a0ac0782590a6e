/** Who acts: people of Slack are mentioned, everyone else goes by name. */
import type { Actor } from './incident.ts';

/** As Slack shows people; everyone else by their name. */
export const person = (actor: Actor): string => (isSlackUser(actor) ? `<@${actor}>` : actor);

/** Slack's user ids begin with U or W. */
export const isSlackUser = (actor: Actor): boolean => /^[UW][A-Z0-9]{2,}$/.test(actor);
