/** Addresses inside the local Slack: a permalink is a channel and a message. */

export interface Place {
  readonly channel: string;
  readonly ts?: string;
  readonly thread?: string;
}

/** Reads `/archives/C1/p1717408740000100` and `#/archives/C1/1717408740.000100`; undefined for any other address. */
export function placeOf(href: string): Place | undefined {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin) return undefined;
  const path = url.hash.startsWith('#/') ? url.hash.slice(1) : url.pathname + url.search;
  const [, channel, ts] = /^\/archives\/([A-Z0-9]+)(?:\/(p?\d+(?:\.\d+)?))?(?:[/?]|$)/.exec(path) ?? [];
  if (channel === undefined) return undefined;
  const thread = /[?&]thread_ts=(\d+\.\d+)/.exec(path)?.[1];
  return {
    channel,
    ...(ts === undefined ? {} : { ts: withDot(ts) }),
    ...(thread === undefined ? {} : { thread }),
  };
}

/** `p1717408740000100` is `1717408740.000100`. */
const withDot = (ts: string): string => (ts.startsWith('p') ? `${ts.slice(1, -6)}.${ts.slice(-6)}` : ts);

export const addressOf = (channel: string): string => `/#/archives/${channel}`;
