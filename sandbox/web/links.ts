/** Addresses inside the local Slack: a permalink is a channel and a message. */

export interface Place {
  readonly channel: string;
  readonly ts?: string;
}

/** Reads `/archives/C1/p1717408740000100`; undefined for any other address. */
export function placeOf(href: string): Place | undefined {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin) return undefined;
  const [, channel, digits] = /^\/archives\/([A-Z0-9]+)(?:\/p(\d{7,}))?\/?$/.exec(url.pathname) ?? [];
  if (channel === undefined) return undefined;
  return digits === undefined ? { channel } : { channel, ts: `${digits.slice(0, -6)}.${digits.slice(-6)}` };
}

export const addressOf = ({ channel, ts }: Place): string =>
  `/archives/${channel}${ts === undefined ? '' : `/p${ts.replace('.', '')}`}`;
