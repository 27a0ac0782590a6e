/** What people can do to a run as it stands: answer it, try again, skip, cancel. */
import type { KnownBlock } from '@slack/types';
import { foreign } from '../../domain/foreign.ts';
import type { Run } from '../../domain/run.ts';
import { type Steering, standsAt, steeringsOf } from '../../domain/run-steering.ts';
import { actions, type ButtonWish, button, section } from './blocks.ts';
import { clip } from './text.ts';

type Look = Pick<ButtonWish, 'text'> & Partial<Pick<ButtonWish, 'style' | 'confirm'>>;

const LOOKS: Readonly<Record<Steering, Look>> = {
  yes: { text: 'Done', style: 'primary' },
  no: { text: 'Not done' },
  retry: { text: 'Try again' },
  skip: {
    text: 'Skip this step',
    confirm: { title: 'Skip this step?', text: 'The run goes on as if it were not there.', yes: 'Skip it' },
  },
  cancel: {
    text: 'Cancel the run',
    style: 'danger',
    confirm: {
      title: 'Cancel this run?',
      text: 'What is running is stopped where it can be; what was done stays done.',
      yes: 'Cancel the run',
    },
  },
};

const GATE: Readonly<Partial<Record<Steering, Look>>> = {
  yes: { text: 'Approve', style: 'primary' },
  no: { text: 'Refuse', style: 'danger' },
};

const QUESTION = 600;

/** A step that waits for people asks here; the buttons name the step, so that an old one does nothing to the next. */
export const steeringBlocks = (run: Run): readonly KnownBlock[] => blocksFor(run, steeringsOf(run));

/** The answer that only an approver gives; nothing when no gate waits for one. */
export const gateBlocks = (run: Run): readonly KnownBlock[] =>
  standsAt(run)?.waitsFor === 'approver' ? blocksFor(run, ['yes', 'no']) : [];

function blocksFor(run: Run, possible: readonly Steering[]): readonly KnownBlock[] {
  const step = standsAt(run);
  const isGate = step?.state === 'waiting' && step.waitsFor === 'approver';
  const looks = isGate ? { ...LOOKS, ...GATE } : LOOKS;
  const value = { run: run.id, ...(step ? { step: step.index } : {}) };
  const row = actions(possible.map((what) => button({ ...looks[what], actionId: `run:${what}`, value })));
  const asks = step?.state === 'waiting' && step.waitsFor !== 'time';
  return [
    ...(asks
      ? [
          section(
            `${isGate ? ':lock:' : ':raised_hand:'} *${clip(foreign(step.name), QUESTION)}*: ${clip(foreign(step.verdict ?? ''), QUESTION)}`,
          ),
        ]
      : []),
    ...(row ? [row] : []),
  ];
}
