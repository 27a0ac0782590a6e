/** What people write: the configuration with the environment that it names, and the runbooks. */
import { FirebreakError } from '../errors.ts';
import { loadRunbooks } from '../runbooks/load.ts';
import { loadSteps } from '../runbooks/step.ts';
import type { Patient } from './doctor.ts';
import { examined, type Finding, fail, ok } from './finding.ts';

export const examineFiles = async (patient: Patient): Promise<readonly Finding[]> => [
  ...configuration(patient),
  ...(await examined('runbooks', () => runbooks(patient.configured?.runbooks ?? []))),
];

/** A line for each mistake: place and found, and as its fix what was expected. */
function configuration({ file, problems, configured }: Patient): readonly Finding[] {
  const name = 'configuration';
  const shown = 'firebreak.example.yml shows every setting.';
  if (problems.length > 0)
    return problems.map((problem) => {
      const at = problem.indexOf(', expected ');
      if (at < 0) return fail(name, problem, `Mend it; ${shown}`);
      return fail(name, `${problem.slice(0, at)}.`, `Expected: ${problem.slice(at + ', expected '.length)}.`);
    });
  const { settings, monitors } = configured ?? { settings: { targets: {}, teams: {} }, monitors: [] };
  const sizes = {
    target: Object.keys(settings.targets),
    team: Object.keys(settings.teams),
    monitor: monitors,
  };
  const parts = Object.entries(sizes).map(
    ([what, { length }]) => `${length} ${what}${length === 1 ? '' : 's'}`,
  );
  return [ok(name, `${file}: ${parts.join(', ')}.`)];
}

async function runbooks(folders: readonly string[]): Promise<readonly Finding[]> {
  const name = 'runbooks';
  if (folders.length === 0) return [];
  try {
    const { size } = await loadRunbooks(folders, await loadSteps());
    return [ok(name, `${size} runbooks, no mistakes.`)];
  } catch (error) {
    if (!(error instanceof FirebreakError) || error.code !== 'RUNBOOK_WRONG') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((found) => fail(name, found, error.fix));
  }
}
