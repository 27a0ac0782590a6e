/** `postmortem write`: which parts only people can say, what is there, and a line or a form to say it. */
import { PART_SECTIONS, PARTS, partsNamed } from '../domain/postmortem/parts.ts';
import type { WrittenPart } from '../domain/record.ts';
import { type Offer, type Refusal, refuse } from '../domain/refusal.ts';
import type { App } from './app.ts';
import type { Reply, Request } from './command.ts';
import { headOf } from './words.ts';

/** Without a section that of the first part that nobody has written; with a text after a part's name, that text. */
export async function writeLine(app: App, request: Request, words: string): Promise<Reply | Refusal> {
  const { incident = 0, actor, cause } = request;
  const there = await app.parts(incident);
  const { head, rest: text } = headOf(words);
  const parts = head === '' ? undefined : partsNamed(head);
  const [part, another] = parts ?? [];
  if (parts && !part) return refuse('PART_UNKNOWN', { found: head, known: KNOWN });
  if (text !== '') {
    if (!part || another) return refuse('PART_UNKNOWN', { found: `${head} …`, known: NAMES });
    // Who types a line has seen nothing of what is there.
    const done = await app.writeParts(incident, actor, [{ part: part.name, text, seen: undefined }], cause);
    return done.ok ? { text: `Written: ${part.title}. The next \`postmortem\` shows it.` } : done;
  }
  const section = part?.section ?? nextSection(there);
  return { text: overview(there, request.command), form: { kind: 'report', incident, section } };
}

/** A button for the form of what is missing first. */
export async function writeOffer(app: App, incident: number): Promise<readonly Offer[]> {
  const there = await app.parts(incident);
  if (there.length === PARTS.length) return [];
  const section = nextSection(there);
  return [{ label: `Fill in section ${section}`, line: `postmortem inc-${incident} write ${section}` }];
}

const isThere = (there: readonly WrittenPart[], name: string): boolean =>
  there.some(({ part }) => part === name);

const nextSection = (there: readonly WrittenPart[]): number =>
  PARTS.find(({ name }) => !isThere(there, name))?.section ?? PARTS[0].section;

const NAMES = PARTS.map(({ name }) => `\`${name}\``).join(', ');
const KNOWN = `${PART_SECTIONS.map((section) => `\`${section}\``).join(', ')}, or by name ${NAMES}`;

/** For whoever gets no form. */
const overview = (there: readonly WrittenPart[], command: string): string =>
  [
    'What only people can say in the postmortem:',
    ...PARTS.map(({ name, section, title }) => {
      const state = isThere(there, name) ? 'written' : 'not written yet';
      return `• ${section}. ${title}: ${state} (\`${command} postmortem write ${name} <text>\`)`;
    }),
  ].join('\n');
