/** Runs a program that firebreak.yml allows: never through a shell, once, with little of our own world in its hands. */
import { z } from 'zod';
import { stopped, unknown } from '../../databases/outcome.ts';
import { sealed } from '../../databases/plan-hash.ts';
import { type ActionOutcome, NO_DATABASE } from '../../domain/plan.ts';
import { refuse } from '../../domain/refusal.ts';
import { durationInput } from '../inputs.ts';
import { type Ended, runProgram } from '../program.ts';
import { defineStep } from '../step.ts';

const Input = z.strictObject({
  /** By its name in `shell.allow` of firebreak.yml. */
  program: z.string().min(1),
  args: z.array(z.union([z.string(), z.number()])).default([]),
  limit: durationInput.prefault('1m'),
});

const Planned = z.object({ path: z.string(), args: z.array(z.string()), limitMs: z.number() });

export default defineStep({
  kind: 'shell',
  risk: 'dangerous',
  dryRun: 'The plan shows the program and its arguments; there is no trial of running it.',
  input: Input,
  plan({ target, programs }, { program, args, limit: limitMs }) {
    const path = programs[program];
    if (path === undefined)
      return Promise.resolve(
        refuse('PROGRAM_NOT_ALLOWED', { found: program, known: Object.keys(programs).join(', ') || 'none' }),
      );
    const words = args.map(String);
    const line = [path, ...words.map((each) => JSON.stringify(each))].join(' ');
    const plan = sealed({
      kind: 'shell',
      target: target.name,
      identity: NO_DATABASE,
      title: `Run ${program} ${words.join(' ')}`.trim(),
      summary: [
        `Runs ${line}, without a shell.`,
        `After ${limitMs / 1000} s it is ended.`,
        'What it does is not known here, and cannot be taken back here.',
      ],
      sql: line,
      inputs: { path, args: words, limitMs },
      facts: {},
    });
    return Promise.resolve({ ok: true, plan });
  },
  async execute({ key, incident, target }, plan, { signal }) {
    const { path, args, limitMs } = Planned.parse(plan.inputs);
    const env = { FIREBREAK_RUN: key, FIREBREAK_INCIDENT: String(incident), FIREBREAK_TARGET: target.name };
    return outcomeOf(path, await runProgram({ path, args, env, limitMs, signal }));
  },
  // What a program did leaves no mark that could be looked for.
  resolve: () => Promise.resolve('unknown' as const),
});

function outcomeOf(path: string, ended: Ended): ActionOutcome {
  switch (ended.kind) {
    case 'exited': {
      const facts = { exit: ended.code, took_ms: ended.ms, output: ended.output };
      if (ended.code === 0)
        return { state: 'done', verdict: `${path} ended well in ${ended.ms} ms.`, facts, probes: [] };
      return stopped('FAILED', `${path} ended with ${ended.code}; what it did before that stays.`, facts);
    }
    case 'not-started':
      return stopped('FAILED', `${path} could not be started: ${ended.reason}.`);
    case 'ended-by-us':
      return unknown(`${path} was ended: ${ended.reason}. What it did until then is not known.`, {
        output: ended.output,
      });
  }
}
