/** Rate limits by tier over a sliding minute, and one message a second per channel with room for a burst. */
import type { Clock } from '../clock.ts';

export type Tier = 1 | 2 | 3 | 4 | 'special' | 'posting';

const MINUTE_MS = 60_000;
const PER_MINUTE: Readonly<Record<Tier, number>> = { 1: 1, 2: 20, 3: 50, 4: 100, special: 300, posting: 300 };
/** Slack allows short bursts above one message a second; how short is not documented. */
const POST_BURST = 10;
const POST_EVERY_MS = 1_000;

export interface Rates {
  /** Counts a call; the answer is the seconds to wait when it came too early. */
  take(method: string, tier: Tier, channel?: string): number | undefined;
  reset(): void;
}

export function createRates(clock: Clock): Rates {
  const calls = new Map<string, number[]>();
  /** For each channel the time at which its burst allowance will be whole again. */
  const whole = new Map<string, number>();

  const overMinute = (method: string, tier: Tier): number | undefined => {
    const now = clock.now();
    const recent = (calls.get(method) ?? []).filter((at) => at > now - MINUTE_MS);
    calls.set(method, recent);
    const oldest = recent[0];
    if (oldest === undefined || recent.length < PER_MINUTE[tier]) return undefined;
    return seconds(oldest + MINUTE_MS - now);
  };

  const overChannel = (channel: string): number | undefined => {
    const now = clock.now();
    const until = Math.max(now, whole.get(channel) ?? now) + POST_EVERY_MS;
    const excess = until - now - POST_BURST * POST_EVERY_MS;
    if (excess > 0) return seconds(excess);
    whole.set(channel, until);
    return undefined;
  };

  return {
    take(method, tier, channel) {
      const wait =
        overMinute(method, tier) ??
        (tier === 'posting' && channel !== undefined ? overChannel(channel) : undefined);
      if (wait === undefined) calls.get(method)?.push(clock.now());
      return wait;
    },
    reset() {
      calls.clear();
      whole.clear();
    },
  };
}

const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));
