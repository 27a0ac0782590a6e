/** Asks the application's own questions, to see from outside whether it works. */
import { z } from 'zod';
import { runProbes } from '../../databases/probe.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'probe',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: z.strictObject({
    /** `green`: a red probe ends the run as failed; `any`: it is only told. */
    expect: z.enum(['green', 'any']).default('green'),
  }),
  async run({ target }, { expect }) {
    const probes = await runProbes(target);
    const red = probes.filter(({ ok }) => !ok);
    return { ok: expect === 'any' || red.length === 0, verdict: verdictOf(probes, red), output: probes };
  },
});

function verdictOf(probes: readonly ProbeResult[], red: readonly ProbeResult[]): string {
  if (probes.length === 0) return 'The target names no probes: whether the application works is not known.';
  if (red.length === 0) return `${probes.length} of ${probes.length} probes are green.`;
  const named = red.map(({ name, sqlstate, error }) => `${name} (${sqlstate ?? error ?? 'no answer'})`);
  return `${red.length} of ${probes.length} probes are red: ${named.join(', ')}.`;
}
