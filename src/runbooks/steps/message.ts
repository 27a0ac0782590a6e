/** Says something in the incident's channel. */
import { z } from 'zod';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'message',
  risk: 'change',
  dryRun: 'The text is the plan.',
  input: z.strictObject({ text: z.string().trim().min(1).max(3000) }),
  run({ incident }, { text }) {
    const said = text.replace(/<!(channel|here|everyone)[^>]*>/g, '@$1');
    const effects = [{ kind: 'say', to: { kind: 'incident', id: incident }, text: said } as const];
    return Promise.resolve({ ok: true, verdict: `Said: ${text}`, effects });
  },
});
