/** Trigger ids (3 seconds, one use) and response URLs (5 uses in 30 minutes) of interactions. */
import type { Clock } from '../clock.ts';
import { secret } from '../ids.ts';
import { SlackError } from '../refusal.ts';

const TRIGGER_MS = 3_000;
const RESPONSE_MS = 30 * 60_000;
const RESPONSE_USES = 5;

interface Trigger {
  readonly user: string;
  /** The modal in which the interaction happened; views.push needs one. */
  readonly viewId: string | undefined;
}

/** Where a response URL writes. */
export interface Target {
  readonly user: string;
  readonly channel: string;
  readonly messageTs: string | undefined;
}

export interface Links {
  trigger(trigger: Trigger): string;
  /** Spends a trigger id. */
  spend(id: string): Trigger;
  responseUrl(target: Target): string;
  /** Counts one use of a response URL. */
  use(key: string): Target;
}

export function createLinks(clock: Clock, url: () => string, teamId: string): Links {
  const triggers = new Map<string, { trigger: Trigger; until: number; spent: boolean }>();
  const targets = new Map<string, { target: Target; until: number; left: number }>();
  return {
    trigger(trigger) {
      const id = `${clock.now()}.${triggers.size + 1}.${secret()}`;
      triggers.set(id, { trigger, until: clock.now() + TRIGGER_MS, spent: false });
      return id;
    },
    spend(id) {
      const found = triggers.get(id);
      if (!found) throw new SlackError('invalid_trigger_id');
      if (found.spent) throw new SlackError('exchanged_trigger_id');
      if (clock.now() > found.until) throw new SlackError('expired_trigger_id');
      found.spent = true;
      return found.trigger;
    },
    responseUrl(target) {
      const key = secret();
      targets.set(key, { target, until: clock.now() + RESPONSE_MS, left: RESPONSE_USES });
      return `${url()}/actions/${teamId}/${clock.now()}/${key}`;
    },
    use(key) {
      const found = targets.get(key);
      if (!found || clock.now() > found.until) throw new SlackError('expired_url');
      if (found.left <= 0) throw new SlackError('used_url');
      found.left -= 1;
      return found.target;
    },
  };
}
