/** Makes one fault once, under traffic and before the eyes of the default monitors, and judges what they said. */

import type { Store } from '../src/store/store.ts';
import { type Expected, type Fault, textOf } from './fault.ts';
import { openGround } from './ground.ts';
import { openVigil, type Proposed, type Vigil } from './vigil.ts';

export interface TrialOptions {
  readonly seed: number;
  readonly store: Store;
  /** How many milliseconds a second of the monitors lasts once the fault is made. */
  readonly secondMs: number;
  readonly errors?: 'reported' | 'logged';
}

export interface Outcome {
  readonly fault: string;
  readonly seed: number;
  /** From its first effect to the proposal; undefined when nothing was proposed. */
  readonly seconds: number | undefined;
  /** What was said first. */
  readonly said: string | undefined;
  /** What that ought to have said, too. */
  readonly missed: readonly string[];
  /** Proposals about something else. */
  readonly strangers: readonly string[];
}

/** Healthy looks before the fault, put forward at first. */
const HEALTHY_S = 60;
/** The last of them are as far apart as those after it: what the server counts late is counted by then. */
const SETTLED_S = 10;
/** The seed decides where between two looks the fault falls. */
const PHASE_S = 3.3;
const FAST_MS = 15;
/** As long as that it may stay unnoticed. */
const WITHIN_S = 180;
const TOGETHER_MS = 1000;
/** What else is said after the first proposal. */
const AFTER_S = 25;
/** How much longer it may take until the culprit is named. */
const CULPRIT_S = 90;

/** Throws when the fault cannot be made. */
export async function tryFault(fault: Fault, options: TrialOptions): Promise<Outcome> {
  const { seed, store, secondMs, errors = 'reported' } = options;
  const ground = await openGround({ ...fault, seed, errors });
  try {
    await fault.prepare?.(ground);
    const vigil = await openVigil(ground, store, HEALTHY_S * 1000);
    await vigil.watch({ seconds: HEALTHY_S, secondMs: FAST_MS });
    await vigil.watch({ seconds: SETTLED_S + seed * PHASE_S, secondMs });
    const before = vigil.proposals.length;
    const made = fault.make(ground).then(() => Date.now());
    await noticed(vigil, before, secondMs, made);
    await vigil.watch({ seconds: AFTER_S, secondMs });
    await vigil.watch({ seconds: CULPRIT_S, secondMs, until: () => isNamed(fault.expects, vigil.proposals) });
    const effectAt = Math.min(await made, ground.traffic.report().firstFailureAt ?? Infinity);
    return judge(fault, seed, vigil.proposals, before, effectAt);
  } finally {
    await ground.close();
    await fault.undo?.(ground);
  }
}

/** What cannot be made ends the trial. */
async function noticed(vigil: Vigil, before: number, secondMs: number, made: Promise<number>): Promise<void> {
  let failed = false;
  made.catch(() => (failed = true));
  const until = (): boolean => failed || vigil.proposals.length > before;
  await vigil.watch({ seconds: WITHIN_S, secondMs, until });
  await made;
}

function judge(
  { name, expects }: Fault,
  seed: number,
  proposals: readonly Proposed[],
  before: number,
  effectAt: number,
): Outcome {
  const first = firstOf(proposals.slice(before));
  const isStrange = ({ sighting }: Proposed, index: number): boolean =>
    index < before || !isAbout(expects, textOf(sighting));
  return {
    fault: name,
    seed,
    seconds: first && Math.max(0, first.at - effectAt) / 1000,
    said: first && textOf(first.sighting),
    missed: first ? [...missedBy(expects, first), ...unnamed(expects, proposals)] : [],
    strangers: proposals.filter(isStrange).map(({ sighting }) => textOf(sighting)),
  };
}

/** Of what is proposed at the same time, what says most: the message shows it. */
function firstOf(proposals: readonly Proposed[]): Proposed | undefined {
  const [first] = proposals;
  if (first === undefined) return undefined;
  const together = proposals.filter(({ at }) => at - first.at < TOGETHER_MS);
  return together.find(({ sighting }) => sighting.sqlstate !== undefined) ?? first;
}

const isNamed = ({ culprit }: Expected, proposals: readonly Proposed[]): boolean =>
  culprit === undefined || proposals.some(({ sighting }) => culprit.test(textOf(sighting)));

const unnamed = (expects: Expected, proposals: readonly Proposed[]): readonly string[] =>
  isNamed(expects, proposals) ? [] : [`the culprit ${String(expects.culprit)}`];

const isAbout = ({ says, follows }: Expected, text: string): boolean =>
  says.test(text) || follows?.test(text) === true;

function missedBy(expects: Expected, { sighting }: Proposed): readonly string[] {
  const { sqlstate, table, migration } = expects;
  const named = sighting.migration?.name;
  return [
    ...(expects.says.test(textOf(sighting)) ? [] : [`words like ${String(expects.says)}`]),
    ...(sqlstate === undefined || sighting.sqlstate === sqlstate ? [] : [`SQLSTATE ${sqlstate}`]),
    ...(table === undefined || textOf(sighting).includes(table) ? [] : [`table ${table}`]),
    ...(migration === named ? [] : [`migration ${migration ?? 'none'}`]),
  ];
}
