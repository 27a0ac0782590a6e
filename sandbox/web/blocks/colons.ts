/** What the library that draws blocks takes for an emoji, and Slack does not: any two colons of one text. */

/** What a colon is part of: a link or mention, code, an emoji; else the colon. */
const KEPT = /<[^>]*>|`[^`]*`|:[a-z0-9_+'-]+(?:::skin-tone-\d)?:|:/g;
/** The library reads it as text. */
const COLON = '&#58;';

/** Blocks whose colons mean in the page what they mean in Slack. */
export function withPlainColons(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withPlainColons);
  if (typeof part !== 'object' || part === null) return part;
  const made = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, withPlainColons(value)]));
  const { type, text } = made;
  return type === 'mrkdwn' && typeof text === 'string' ? { ...made, text: plainColons(text) } : made;
}

const plainColons = (text: string): string => text.replace(KEPT, (found) => (found === ':' ? COLON : found));
