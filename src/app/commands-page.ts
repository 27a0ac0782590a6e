/** docs/commands.md: every verb as its definition describes it. */
import type { Command } from './command.ts';
import { byGroup } from './groups.ts';
import { whoMay } from './who-may.ts';

/** The page as Markdown; `command` is the slash command's name. */
export const renderCommandsPage = (commands: readonly Command[], command: string): string =>
  `${[
    INTRO(command),
    ...byGroup(commands).flatMap(({ heading, items }) => [
      `## ${heading}`,
      overview(items, command),
      ...items.map((item) => section(item, command)),
    ]),
  ].join('\n\n')}\n`;

const INTRO = (command: string): string => `# Verbs

<!-- Written by \`npm run docs\` from the files in commands/. Edit those. -->

\`${command} help\` shows these verbs in Slack, \`${command} help note\` one of them.
Verbs marked * belong to an incident: type them in its channel, or anywhere with its number, before the verb or after
it: \`${command} note inc-3 …\`, \`${command} inc-3 note …\`.

Lines are read as people type them: \`${command} sev1\` is \`severity sev1\`, \`${command} mitigated rolled back\` is
\`status mitigated rolled back\`, \`${command} @dba is scribe\` is \`role scribe @dba\`, \`${command} set severity to 2\`
is \`severity 2\`. A line that is not understood changes nothing, and is answered with what may have been meant.

A terminal takes the same verbs: \`npx firebreak incident <verb …>\`.`;

const overview = (commands: readonly Command[], command: string): string =>
  [
    '| verb | |',
    '|---|---|',
    ...commands.map(
      (each) =>
        `| [\`${inCell(each.verb)}\`](#${anchor(each, command)})${mark(each)} | ${inCell(plain(each.summary))} |`,
    ),
  ].join('\n');

const section = (each: Command, command: string): string =>
  [
    `### ${command} ${each.verb}`,
    `\`\`\`\n${command} ${each.usage}\n\`\`\``,
    `${plain(capital(each.summary))}.`,
    [
      `- Where: ${each.where === 'incident' ? "in an incident's channel, or with its number" : 'anywhere'}`,
      `- Who: ${whoMay(each)}`,
      ...(each.aliases ? [`- Also: ${each.aliases.map((alias) => `\`${alias}\``).join(', ')}`] : []),
    ].join('\n'),
    ...(each.more ? [each.more.map((rule) => `- ${rule}`).join('\n')] : []),
    `\`\`\`\n${each.examples.map((example) => `${command} ${example}`).join('\n')}\n\`\`\``,
  ].join('\n\n');

const mark = ({ where }: Command): string => (where === 'incident' ? ' *' : '');

/** As GitHub names a heading: lower case, no signs, hyphens for blanks. */
const anchor = ({ verb }: Command, command: string): string =>
  `${command} ${verb}`
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');

/** Text as Markdown, which reads `<` as HTML and `*` and `_` as emphasis; what is in backticks stays as it is. */
export const plain = (text: string): string =>
  text.replace(/`[^`]*`|[\\<>*_[\]]/g, (found) => (found.length > 1 ? found : `\\${found}`));

/** Text in a cell: in a table `|` ends it, in code too. */
export const inCell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
