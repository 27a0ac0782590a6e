/** What the library that draws blocks takes for an emoji, and Slack does not: any two colons of one text. */

/** Begins where a colon is part of something: a link or mention, code, an emoji. */
const KEPT = /<[^>]*>|`[^`]*`|:[a-z0-9_+'-]+(?:::skin-tone-\d)?:|:/g;
/** The library reads it as text. */
const COLON = '&#58;';

/** Blocks whose colons mean in the page what they mean in Slack. */
export function withPlainColons<T>(part: T): T {
  if (Array.isArray(part)) return (part as readonly unknown[]).map((each) => withPlainColons(each)) as T;
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([key, value]) => [key, withPlainColons(value)]);
  const made = Object.fromEntries(entries) as T & { readonly type?: unknown; readonly text?: unknown };
  return made.type === 'mrkdwn' && typeof made.text === 'string'
    ? { ...made, text: plainColons(made.text) }
    : made;
}

const plainColons = (text: string): string => text.replace(KEPT, (found) => (found === ':' ? COLON : found));
