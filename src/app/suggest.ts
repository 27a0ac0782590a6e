/** What a line that names no verb may have meant, as whole lines to copy. */
import type { Offer } from '../domain/refusal.ts';
import { near, nearest } from '../near.ts';
import type { Command } from './command.ts';
import { numbered, severityIn, split, type Vocabulary, type Where } from './line.ts';

/** A line is to be copied on a phone; Slack shows what it was in full above the answer. */
const LONGEST = 300;
const LABEL = 60;
/** Buttons in a row. */
const FEW = 5;

interface Unread extends Where {
  readonly text: string;
  /** The slash command's name. */
  readonly command: string;
}

/** What could be typed instead: a sentence, and each line for a button. */
export interface Suggestion {
  /** Nothing when nothing is near. */
  readonly text: string;
  readonly offers: readonly Offer[];
}

/** Never guesses: what was meant is for the person to say. */
export function suggest({ text, command, inIncident }: Unread, vocabulary: Vocabulary): Suggestion {
  const { number = '', line } = numbered(text);
  const { verb, rest } = split(line);
  const severity = severityIn(verb.replace(/[:,]$/, ''), vocabulary.severities);
  // Either may be meant, and neither is guessed.
  if (severity !== undefined)
    return suggested([`severity ${number} ${severity}`, `declare ${severity} ${rest}`], command);
  const heads = near(verb, headsOf(vocabulary));
  if (heads.length > 0) {
    const lines = heads.map((head) => `${head.replace(/(?= |$)/, ` ${number}`)} ${rest}`);
    return suggested(lines, command);
  }
  if (text.trim().split(/\s+/).length < 3) return { text: '', offers: [] };
  const noted = inIncident ? `To note it: ${code(`${command} note ${text}`)}. ` : '';
  return {
    text: `${noted}To declare it: ${code(`${command} declare ${text}`)}.`,
    offers: [...(inIncident ? [offer(`note ${text}`)] : []), offer(`declare ${text}`)],
  };
}

const suggested = (lines: readonly string[], command: string): Suggestion => ({
  text: didYouMean(lines, command),
  offers: lines.map(offer),
});

/** A button's text is short; what it says is the whole line. */
const offer = (line: string): Offer => {
  const flat = line.replace(/\s+/g, ' ').trim();
  return { label: flat.length > LABEL ? `${flat.slice(0, LABEL)}…` : flat, line: line.trim() };
};

/** The runbooks that were meant by a name that there is not; of no name the first ones. */
export const offerRunbooks = (found: string, known: readonly string[]): readonly Offer[] =>
  (found === '' ? known.slice(0, FEW) : nearest(found.toLowerCase(), known)).map((name) =>
    offer(`run ${name}`),
  );

/** For `help` of what is no verb. */
export const suggestHelp = (word: string, commands: readonly Command[], command: string): string =>
  didYouMean(
    near(
      word.toLowerCase(),
      commands.flatMap(({ verb, aliases = [] }) => [verb, ...aliases].map((each) => [each, verb] as const)),
    ).map((verb) => `help ${verb}`),
    command,
  );

/** What can be typed, with how the line then begins; a verb goes before a status or a role of its name. */
const headsOf = ({ verbs, statuses, roles }: Vocabulary): readonly (readonly [string, string])[] => [
  ...new Map([
    ...roles.map((role) => [role, `role ${role}`] as const),
    ...statuses.map((status) => [status, `status ${status}`] as const),
    ...verbs,
  ]),
];

function didYouMean(lines: readonly string[], command: string): string {
  const shown = lines.map((line) => code(`${command} ${line}`));
  if (shown.length === 0) return '';
  return `Did you mean ${[shown.slice(0, -1).join(', '), shown.at(-1)].filter(Boolean).join(' or ')}?`;
}

/** As Slack's code, which holds neither a backtick nor a line break. */
function code(line: string): string {
  const flat = line.replaceAll('`', "'").replace(/\s+/g, ' ').trim();
  return `\`${flat.length > LONGEST ? `${flat.slice(0, LONGEST)}…` : flat}\``;
}
