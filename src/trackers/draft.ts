/** An action item as an issue: what people wrote stays text, and calls nobody of the tracker. */
import { isSlackUser } from '../domain/actor.ts';
import type { ActionItem, Incident } from '../domain/incident.ts';
import { inline, nameOf, type People, plainText } from '../domain/postmortem/markdown.ts';
import type { Draft } from './tracker.ts';

/** GitHub refuses a longer title. */
const TITLE = 250;

export function draftOf(incident: Incident, item: ActionItem, people: People, marker: string): Draft {
  const text = plainText(item.text, people).trim();
  const [first = ''] = text.split('\n', 1);
  const title = clip(first.trim());
  const facts = [
    `- Incident ${incident.id}: ${inline(incident.title, people)}`,
    `- Action item ${item.number}, added by ${called(item.createdBy, people)}`,
    `- Owner: ${item.owner === undefined ? 'not recorded' : called(item.owner, people)}`,
    `- Due: ${item.due ?? 'not recorded'}`,
  ];
  const whole = title === text ? [] : [inline(item.text, people), ''];
  return { title, body: [...whole, ...facts].join('\n'), marker };
}

/** Who has no name here is an id of Slack, which says nothing elsewhere but to those who look it up. */
const called = (actor: string, people: People): string =>
  inline(isSlackUser(actor) ? nameOf(actor, people) : actor);

/** Never cut within a character. */
const clip = (text: string): string =>
  text.length <= TITLE ? text : `${text.slice(0, TITLE - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
