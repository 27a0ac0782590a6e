/** How Slack reaches the bot: over connections that the bot opens, or at its HTTP server. */
export type SlackLink =
  | { readonly kind: 'socket'; readonly appToken: string }
  | { readonly kind: 'http'; readonly signingSecret: string };
