/** docs/errors.md: every code with its message and what to do. */
import { ERRORS } from '../errors.ts';

/** The page as Markdown, by code. */
export const renderErrorsPage = (): string =>
  `${[
    '# Errors',
    '<!-- Written by `npm run docs` from src/errors.ts. Edit that. -->',
    'What Firebreak refuses or fails with. `{name}` stands for what was found; the answer has it filled in.',
    ...Object.entries(ERRORS)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, { message, fix }]) => `## ${code}\n\n${inText(message)}\n\nWhat to do: ${inText(fix)}`),
  ].join('\n\n')}\n`;

/** `<name>` would be taken for HTML, outside of code. */
const inText = (text: string): string =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part.replaceAll('<', '\\<') : part))
    .join('`')
    .trim();
