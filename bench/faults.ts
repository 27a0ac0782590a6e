/** Real faults on the shop under traffic, each three times: how soon the default monitors see it, and what they say. */

import type { Store } from '../src/store/store.ts';
import { costOf, LINES_PER_S } from './cost.ts';
import { type Fault, loadFaults } from './fault.ts';
import type { Bench, Figure } from './figure.ts';
import { watchHealthy } from './healthy.ts';
import { openStores, type Stores } from './stores.ts';
import { type Outcome, tryFault } from './trial.ts';

const SEEDS = [1, 2, 3];
/** The one of them whose errors are known from the server's log only. */
const LOGGED = 2;
/** Users noticed it in the report. */
const THEN = { value: 900, what: 'then' };
const HEALTHY_MIN = 60;
const COST_S = 600;

export const faults: Bench = {
  name: 'faults',
  title: 'Until a fault is noticed',
  about: `Real faults on the shop of the story under traffic, each three times: the longest time from its first effect until the default
monitors proposed an incident, compared to the outage that the story retells; then what they said of healthy traffic, and what
they cost.`,
  long: true,
  async measure() {
    const stores = await openStores(SEEDS.length);
    try {
      const outcomes: Outcome[] = [];
      for (const fault of await loadFaults()) outcomes.push(...(await threeTimes(fault, stores)));
      const [store] = stores.stores;
      return [...figuresOf(outcomes), ...(store ? [await quiet(store), await cost(store)] : [])];
    } finally {
      await stores.close();
    }
  },
};

/** Side by side, each on a server of its own. */
async function threeTimes(fault: Fault, { stores }: Stores): Promise<readonly Outcome[]> {
  const why = await fault.impossible?.();
  if (why !== undefined) {
    tell(`${fault.name} is left out: ${why}`);
    return [];
  }
  const trials = stores.map((store, index) => {
    const seed = SEEDS[index] ?? 0;
    const errors = seed === LOGGED ? 'logged' : 'reported';
    return tryFault(fault, { seed, store, secondMs: 1000, errors });
  });
  const outcomes = await Promise.all(trials);
  for (const outcome of outcomes) tell(inWords(outcome));
  return outcomes;
}

function figuresOf(outcomes: readonly Outcome[]): readonly Figure[] {
  const names = [...new Set(outcomes.map(({ fault }) => fault))];
  const right = outcomes.filter(({ seconds, missed }) => seconds !== undefined && missed.length === 0);
  const strangers = outcomes.flatMap((outcome) => outcome.strangers);
  return [
    ...names.map((name) => worstOf(outcomes.filter(({ fault }) => fault === name))),
    {
      name: 'first verdicts as expected',
      value: right.length,
      unit: 'times',
      against: { value: outcomes.length, what: 'that a fault was made' },
    },
    { name: 'proposals about something else', value: strangers.length, unit: 'times' },
  ];
}

async function quiet(store: Store): Promise<Figure> {
  const { looks, spikes, strangers } = await watchHealthy(store, HEALTHY_MIN);
  return {
    name: `proposals in ${HEALTHY_MIN} min of healthy traffic`,
    value: strangers.length,
    unit: 'times',
    note: [`${looks} looks, ${spikes} spikes`, ...strangers].join('; '),
  };
}

async function cost(store: Store): Promise<Figure> {
  const { ms, logMs, statements } = await costOf(store, COST_S);
  return {
    name: `time of the target for the default monitors within ${COST_S / 60} min`,
    value: ms,
    unit: 'ms',
    against: { value: COST_S * 1000, what: 'of one core' },
    note: `${statements} statements; ${Math.round(logMs)} ms of it to read a log that grows by ${LINES_PER_S} lines a second`,
  };
}

/** The latest; never, if one was not noticed at all. */
function worstOf(outcomes: readonly Outcome[]): Figure {
  const [worst] = [...outcomes].sort((a, b) => (b.seconds ?? Infinity) - (a.seconds ?? Infinity));
  return {
    name: `${worst?.fault ?? ''} noticed`,
    value: worst?.seconds,
    unit: 's',
    against: THEN,
    ...(worst?.said === undefined ? {} : { note: worst.said }),
  };
}

function inWords({ fault, seed, seconds, said, missed, strangers }: Outcome): string {
  const noticed = seconds === undefined ? 'not noticed' : `${seconds.toFixed(1)} s: ${said ?? ''}`;
  const without = missed.length === 0 ? '' : `; without ${missed.join(', ')}`;
  return `${fault} ${seed}: ${noticed}${without}${strangers.map((it) => `; also proposed: ${it}`).join('')}`;
}

/** It takes long: each fault is told as it comes, beside the figures. */
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
