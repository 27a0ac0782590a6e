/** `firebreak doctor`: what is not as it has to be, each with its fix. */
import { Command } from 'commander';
import { type Config, type ConfigLook, configTokenIn, lookAtConfig } from '../config.ts';
import { examine, type Patient } from '../doctor/doctor.ts';
import type { Finding, Status } from '../doctor/finding.ts';
import type { Logger } from '../log.ts';
import { printJson } from './options.ts';

interface DoctorOptions {
  readonly dataDir?: string;
  readonly config: string;
  readonly json?: true;
}

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('Look at all that the bot needs: each thing that is not as it has to be, with its fix')
    .option('--config <file>', 'the configuration', 'firebreak.yml')
    .option('--data-dir <dir>', "Firebreak's data folder")
    .option('--json', 'print facts as JSON')
    .action(async ({ config: file, dataDir, json }: DoctorOptions) => {
      const checks = await examine(patientOf(file, lookAtConfig(file), dataDir));
      const isWell = checks.every(({ status }) => status !== 'fail');
      if (json) printJson({ ok: isWell, checks });
      else process.stdout.write(inLines(checks));
      if (!isWell) process.exitCode = 1;
    });

/** Of the bot that has just started: warnings in the log, and nothing waits for them. */
export async function examineInside(
  file: string,
  config: Config,
  log: Logger,
  ending: AbortSignal,
): Promise<void> {
  const patient = patientOf(file, { problems: [], outside: config, config });
  for (const { name: check, status, found, fix } of await examine(patient, { inside: true }))
    if ((status === 'fail' || status === 'warn') && !ending.aborted)
      log.warn({ check, status, found, fix }, 'doctor: something is not as it has to be');
}

function patientOf(file: string, { problems, outside, config }: ConfigLook, dataDir?: string): Patient {
  const { botToken, link, apiUrl } = outside.slack;
  return {
    file,
    problems,
    slack: { botToken, link, apiUrl, configToken: configTokenIn() },
    databaseUrl: outside.databaseUrl,
    dataDir: dataDir ?? outside.dataDir,
    ...(config ? { configured: config } : {}),
  };
}

const WORDS: Readonly<Record<Status, string>> = { ok: 'ok', warn: 'warn', fail: 'FAIL', skipped: 'skip' };
const WIDTH = 80;
const STATUS = 6;
const LONGEST_NAME = 22;

/** At most 80 columns; what fails or warns is followed by its fix. */
export function inLines(findings: readonly Finding[]): string {
  const width = Math.min(LONGEST_NAME, Math.max(...findings.map(({ name }) => name.length))) + 2;
  const lines = findings.flatMap(({ name, status, found, fix }) => [
    ...wrapped(found, `${WORDS[status].padEnd(STATUS)}${name.padEnd(width)}`, ' '.repeat(STATUS + width)),
    ...(fix === undefined ? [] : wrapped(fix, `${' '.repeat(STATUS)}fix: `, ' '.repeat(STATUS + 5))),
  ]);
  return `${[...lines, '', summary(findings)].join('\n')}\n`;
}

/** A word that is longer than a line stays whole: it may have to be copied. */
function wrapped(text: string, head: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = head;
  let isEmpty = true;
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Status): number => findings.filter((each) => each.status === status).length;
  const [failed, warned, left] = [count('fail'), count('warn'), count('skipped')];
  const rest = left === 0 ? '' : `, ${left} not examined`;
  if (failed === 0 && warned === 0) return `All ${count('ok')} are well${rest}.`;
  return `${count('ok')} are well, ${failed} fail, ${warned} warn${rest}.`;
}
