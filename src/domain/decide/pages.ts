/** The pages and escalations in an incident's state: found, made, and replaced by what became of them. */
import type { Escalation, Incident, Page } from '../incident.ts';

export const escalationOf = ({ escalations }: Incident, number: number): Escalation | undefined =>
  escalations.find((each) => each.number === number);

export const pagesOf = ({ pages }: Incident, { number }: Escalation, level?: number): readonly Page[] =>
  pages.filter((page) => page.escalation === number && (level === undefined || page.level === level));

export const unanswered = (incident: Incident, escalation: Escalation): readonly Page[] =>
  pagesOf(incident, escalation).filter(({ answer }) => answer === undefined);

export const withPage = (incident: Incident, page: Page): Incident => ({
  ...incident,
  pages: incident.pages.map((each) => (each.number === page.number ? page : each)),
});

/** Who was paged at two levels answers both at once. */
export const withAnswer = (
  incident: Incident,
  page: Page,
  answer: NonNullable<Page['answer']>,
): Incident => ({
  ...incident,
  pages: incident.pages.map((each) =>
    each === page || (isSamePerson(each, page) && each.answer === undefined) ? { ...each, answer } : each,
  ),
});

const isSamePerson = (one: Page, other: Page): boolean =>
  one.escalation === other.escalation && one.user === other.user;

export const withEscalation = (incident: Incident, escalation: Escalation): Incident => ({
  ...incident,
  escalations: incident.escalations.map((each) => (each.number === escalation.number ? escalation : each)),
});

export const newPages = (
  { pages }: Incident,
  { number, level, team, reason, requestedBy }: Escalation,
  users: readonly string[],
  now: Date,
): readonly Page[] =>
  users.map((user, position) => ({
    number: pages.length + position + 1,
    escalation: number,
    level,
    team,
    user,
    requestedBy,
    at: now,
    ...(reason === undefined ? {} : { reason }),
  }));

export const pagesToSamePerson = ({ pages }: Incident, page: Page): readonly Page[] =>
  pages.filter((each) => isSamePerson(each, page));
