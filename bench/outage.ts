/** The outage clock: how long the story takes with Firebreak, against the outage of the report. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutageClock, playDemo } from '../src/cli/demo.ts';
import type { Bench, Figure } from './figure.ts';

/** Seconds since its first failing query: noticed by users, handed to the database team, repaired by hand. */
const THEN: readonly (readonly [keyof OutageClock, number | undefined])[] = [
  ['detected_s', 900],
  ['declared_s', 1800],
  ['acknowledged_s', 1800],
  ['first_diagnosis_s', undefined],
  ['mitigated_s', 14_400],
  ['resolved_s', 14_400],
];

export const outage: Bench = {
  name: 'outage',
  title: 'The clock of the outage',
  about: `The story of the demo, seed 1: a release breaks the table that the site reads, people and the bot mend it over Slack. Seconds
since the first failing query, compared to the outage that it retells.`,
  async measure() {
    const out = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
    try {
      return figuresOf(await playDemo({ out, seed: 1, pace: 'fast' }, { print: () => undefined }));
    } finally {
      await rm(out, { recursive: true });
    }
  },
};

const figuresOf = (clock: OutageClock): readonly Figure[] =>
  THEN.map(([key, then]) => ({
    name: key.replace(/_s$/, '').replace('_', ' '),
    value: clock[key] ?? undefined,
    unit: 's',
    ...(then === undefined ? {} : { against: { value: then, what: 'then' } }),
  }));
