/** Lets time pass, also over a restart. */
import { z } from 'zod';
import { duration } from '../../domain/metrics.ts';
import { durationInput } from '../inputs.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'wait',
  risk: 'change',
  dryRun: 'Nothing but time passes.',
  input: z.strictObject({ for: durationInput }),
  run({ now, since }, { for: ms }) {
    const until = new Date(since.getTime() + ms);
    const words = duration(ms / 1000);
    return Promise.resolve(
      now >= until
        ? { ok: true, verdict: `Waited ${words}.` }
        : { waitsFor: 'time', until, verdict: `Waits ${words}.` },
    );
  },
});
