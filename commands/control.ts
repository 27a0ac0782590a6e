/** `control`: answers a step of a run, tries it again, skips it, or cancels the run; as the buttons of its message do. */
import { defineCommand } from '../src/app/command.ts';
import { refuse } from '../src/domain/refusal.ts';
import { STEERINGS, type Steering } from '../src/domain/run-steering.ts';

export default defineCommand({
  verb: 'control',
  group: 'database',
  summary: 'answer a step of a run, try it again, skip it, cancel',
  usage: 'control <run>[.<step>] <yes | no | retry | skip | cancel>',
  examples: ['control 4 cancel', 'control 4.3 yes'],
  more: [
    '`retry` and `skip` take the right to start what is still to come; a step that asks for an approver takes one.',
  ],
  where: 'incident',
  permission: 'read',
  expires: true,
  async run({ words, actor, cause, incident }, app) {
    const [, id, step, word] = /^#?(\d{1,9})(?:\.(\d{1,4}))?\s+([a-z]+)$/i.exec(words) ?? [];
    const what = STEERINGS.find((each): each is Steering => each === word?.toLowerCase());
    // Whoever answers has read the question of one step, not of whichever waits when the line arrives.
    const isBare = step === undefined && (what === 'yes' || what === 'no' || what === 'skip');
    if (id === undefined || what === undefined || isBare)
      return refuse('CONTROL_MALFORMED', { found: words, possible: STEERINGS.join(', ') });
    if ((await app.run(Number(id)))?.incidentId !== incident) return refuse('RUN_UNKNOWN', { found: id });
    const done = await app.steer(
      { run: Number(id), by: actor, what, ...(step === undefined ? {} : { step: Number(step) }) },
      cause,
    );
    return done.ok ? { text: `Run ${id}: ${what}. It is ${done.run.state.replaceAll('_', ' ')} now.` } : done;
  },
});
