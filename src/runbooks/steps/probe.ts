/** Asks from outside whether it works: the target's probes, or an address; once, or until the answer is right. */
import { z } from 'zod';
import { runProbes } from '../../databases/probe.ts';
import { duration } from '../../domain/metrics.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import { durationInput, webAddress } from '../inputs.ts';
import { defineStep, type StepContext } from '../step.ts';
import { ask } from '../web.ts';

const Input = z
  .strictObject({
    /** One of the target's probes; all of them unless told. */
    name: z.string().min(1).optional(),
    /** An address instead: green when it answers so. */
    url: webAddress.optional(),
    status: z.number().int().min(100).max(599).default(200),
    contains: z.string().min(1).optional(),
    /** `green`: a red probe ends the run as failed; `any`: it is only told. */
    expect: z.enum(['green', 'any']).default('green'),
    /** Asks again until all is green, so long at most. */
    within: durationInput.optional(),
    every: durationInput.default(5000),
  })
  .refine(({ name, url }) => name === undefined || url === undefined, 'either `name` or `url`')
  .refine(({ url, contains }) => url !== undefined || contains === undefined, '`contains` only with `url`');
type Input = z.infer<typeof Input>;

export default defineStep({
  kind: 'probe',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: Input,
  async run(context, input) {
    const { now, since } = context;
    const probes = await look(context, input);
    if (input.name !== undefined && probes.length === 0)
      return { ok: false, verdict: `The target has no probe ${input.name}.` };
    const red = probes.filter(({ ok }) => !ok);
    const verdict = verdictOf(probes, red);
    const until = since.getTime() + (input.within ?? 0);
    if (red.length > 0 && now.getTime() < until) {
      const next = new Date(Math.min(until, now.getTime() + input.every));
      return { waitsFor: 'time', until: next, verdict: `${verdict} Asked again.`, output: probes };
    }
    const late =
      red.length > 0 && input.within !== undefined ? `Not green within ${words(input.within)}. ` : '';
    return { ok: input.expect === 'any' || red.length === 0, verdict: late + verdict, output: probes };
  },
});

const words = (ms: number): string => duration(ms / 1000);

async function look({ target, signal }: StepContext, input: Input): Promise<readonly ProbeResult[]> {
  if (input.url === undefined) return runProbes(target, input.name);
  const answer = await ask({ method: 'GET', url: input.url, headers: {} }, signal);
  const name = new URL(input.url).host;
  if (answer.kind === 'lost') return [{ name, ok: false, took_ms: 0, error: answer.reason, relations: [] }];
  const error =
    answer.status !== input.status
      ? `answered ${answer.status}, not ${input.status}`
      : input.contains !== undefined && !answer.text.includes(input.contains)
        ? `its answer does not contain ${JSON.stringify(input.contains)}`
        : undefined;
  const red = error === undefined ? {} : { error };
  return [{ name, ok: error === undefined, took_ms: answer.ms, relations: [], ...red }];
}

function verdictOf(probes: readonly ProbeResult[], red: readonly ProbeResult[]): string {
  if (probes.length === 0) return 'The target names no probes: whether the application works is not known.';
  if (red.length === 0) return `${probes.length} of ${probes.length} probes are green.`;
  const named = red.map(({ name, sqlstate, error }) => `${name} (${sqlstate ?? error ?? 'no answer'})`);
  return `${red.length} of ${probes.length} probes are red: ${named.join(', ')}.`;
}
