/** What somebody else says (a database, a query, a person), for Slack: it can call nobody and link nowhere. */
export const foreign = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What somebody typed in Slack, which sends these three characters as entities. */
export const asTyped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
