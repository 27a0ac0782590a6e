/** What `migrations test` found out, for a terminal and as a comment for a pull request. */
import type { Trial } from '../databases/trial.ts';
import { code, inline, table } from '../domain/postmortem/markdown.ts';

const NO_SEED =
  'No seed was given: the tables were empty but for what migrations insert, so little was learnt about rows.';

/** In lines. */
export function summaryOf(trials: readonly Trial[], of: number, seeded: boolean): string {
  const lines = trials.flatMap((trial) => [
    `${trial.result.padEnd(7)}  ${trial.name}`,
    ...trial.reasons.map((line) => `         ${line}`),
    ...trial.loses.map((line) => `         loses: ${line}`),
    ...trial.found.map((line) => `         not brought back: ${line}`),
    ...trial.locks.up.map(
      ({ relation, mode }) => `         locks: ${mode} on ${relation}${trial.rewrites ? ', rewrites' : ''}`,
    ),
  ]);
  const passed = trials.filter(({ result }) => result === 'passed').length;
  return `${[...lines, ...(seeded ? [] : [NO_SEED]), `${passed} of ${of} migrations passed`].join('\n')}\n`;
}

/** A comment for a pull request. */
export function markdownOf(trials: readonly Trial[], seeded: boolean): string {
  const rows = trials.map(({ name, result, locks, rewrites, loses, found, reasons }) => [
    code(name),
    `**${result}**`,
    `${listed(locks.up.map(({ relation, mode }) => `${mode} on ${relation}`))}${rewrites ? ' (rewrites)' : ''}`,
    listed(loses),
    listed(found),
    listed(reasons),
  ]);
  return [
    '### Migrations: up, down and up again',
    '',
    table(['Migration', 'Result', 'Locks', 'Loses', 'Not brought back by the down', 'Why'], rows),
    '',
    ...(seeded ? [] : [NO_SEED, '']),
  ].join('\n');
}

const listed = (lines: readonly string[]): string => (lines.length === 0 ? '–' : inline(lines.join('; ')));
