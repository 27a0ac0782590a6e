/** What only people can say in the postmortem: one part each, with the section in which it stands. */

export const PARTS = [
  {
    name: 'business-impact',
    section: 2,
    title: 'Business impact',
    about: 'what it cost: orders, money, trust, work',
  },
  { name: 'scope', section: 2, title: 'Scope', about: 'who was affected, and who was not' },
  { name: 'underlying-causes', section: 3, title: 'Underlying causes', about: 'why it could happen at all' },
  { name: 'went-well', section: 5, title: 'What the team says went well', about: 'what to keep' },
  {
    name: 'went-wrong',
    section: 6,
    title: 'What the team says went wrong',
    about: 'what made it worse, or longer',
  },
  {
    name: 'recommendations',
    section: 7,
    title: 'Recommendations of the team',
    about: 'beyond the action items',
  },
  { name: 'takeaways', section: 8, title: 'Key takeaways', about: 'what others should know' },
  { name: 'process', section: 8, title: 'Process improvements', about: 'what the team will do differently' },
  { name: 'conclusion', section: 9, title: 'What the team concludes', about: 'in a few sentences' },
] as const;

export type Part = (typeof PARTS)[number];
export type PartName = Part['name'];

/** Slack takes no longer text in a field of a form. */
export const PART_LENGTH = 3000;

/** The sections that have parts, in their order. */
export const PART_SECTIONS: readonly number[] = [...new Set(PARTS.map(({ section }) => section))];

/** The parts that a word names: a section by its number, or one part by its name. */
export const partsNamed = (word: string): readonly Part[] =>
  PARTS.filter(({ name, section }) => name === word.toLowerCase() || String(section) === word);
