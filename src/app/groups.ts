/** The order in which verbs are shown: what one needs first at 3 a.m. comes first. */

/** The groups in their order, with their headings. */
export const GROUPS = {
  start: 'Start',
  run: 'Run it',
  people: 'People',
  database: 'Database and runbooks',
  record: 'Record',
  look: 'Look',
} as const;
export type Group = keyof typeof GROUPS;

/** The groups that hold something, in their order; within a group the order stays. */
export const byGroup = <Item extends { readonly group: Group }>(
  items: readonly Item[],
): readonly { readonly heading: string; readonly items: readonly Item[] }[] =>
  Object.entries(GROUPS)
    .map(([group, heading]) => ({ heading, items: items.filter((item) => item.group === group) }))
    .filter((each) => each.items.length > 0);
