/** The target's probes: the application's own questions. */
import { runProbes } from '../../databases/probe.ts';
import type { Target } from '../../databases/target.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import type { Look, Symptom } from '../look.ts';
import type { ProbesLook } from '../look-settings.ts';
import { withBlocker } from './in-the-way.ts';

/** Red by any probe that fails; all of them are asked, or those that the monitor names. */
export const lookAtProbes =
  (target: Target, { probes }: ProbesLook, now: () => Date): Look =>
  async () => {
    const results: ProbeResult[] = [];
    for (const name of probes ?? [undefined]) results.push(...(await runProbes(target, name)));
    return { symptoms: await withBlocker(symptomsOf(results), target, now()) };
  };

/** What fails, as symptoms. Without a SQLSTATE nothing but the probe's name tells what it is about. */
const symptomsOf = (results: readonly ProbeResult[]): readonly Symptom[] =>
  results
    .filter(({ ok }) => !ok)
    .map(({ name, error, sqlstate, relations }) => ({
      key: `probe:${name}`,
      error: sqlstate === undefined ? `the probe ${name} fails: ${error ?? 'red'}` : (error ?? sqlstate),
      ...(sqlstate === undefined ? {} : { sqlstate }),
      relations,
    }));
