/** `settle`: a person says what became of a step that nobody could find out. */
import { defineCommand } from '../src/app/command.ts';
import { refuse } from '../src/domain/refusal.ts';

const SHAPE = /^(\d{1,9})\s+(\d{1,9})\s+(happened|not-happened)\s+(\S[\s\S]*)$/i;

export default defineCommand({
  verb: 'settle',
  group: 'database',
  summary: 'say what became of a step whose outcome is unknown; approvers only',
  usage: 'settle <run> <step> <happened | not-happened> <how you know>',
  examples: ['settle 4 1 not-happened the column is still there'],
  where: 'incident',
  permission: 'dangerous',
  async run({ words, actor, cause, incident }, app) {
    const [, run, step, found, note] = SHAPE.exec(words) ?? [];
    if (run === undefined || note === undefined) return refuse('SETTLE_MALFORMED', { found: words });
    if ((await app.run(Number(run)))?.incidentId !== incident) return refuse('RUN_UNKNOWN', { found: run });
    const happened = found?.toLowerCase() === 'happened' ? 'committed' : 'aborted';
    const wish = { run: Number(run), step: Number(step), by: actor, happened, note } as const;
    const done = await app.settleUnknown(wish, cause);
    return done.ok ? { text: `Step ${step ?? ''} of run ${run} is settled: ${found ?? ''}.` } : done;
  },
});
