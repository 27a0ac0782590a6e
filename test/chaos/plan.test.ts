import { planOf } from '../../chaos/plan.ts';

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

it('is the same each time for the same seed, and another one for another seed', () => {
  for (const seed of SEEDS) expect(planOf(seed)).toEqual(planOf(seed));
  expect(new Set(SEEDS.map((seed) => JSON.stringify(planOf(seed)))).size).toBe(SEEDS.length);
});

it('says no token twice', () => {
  for (const seed of SEEDS) {
    const tokens = planOf(seed).acts.flatMap((act) => ('token' in act ? [act.token] : []));
    expect(new Set(tokens).size).toBe(tokens.length);
  }
});

it('has every kind of act and of fault within 300 seeds', () => {
  const plans = SEEDS.map(planOf);
  expect(new Set(plans.flatMap(({ acts }) => acts.map(({ kind }) => kind))).size).toBe(7);
  expect(new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind))).size).toBe(8);
  expect(new Set(plans.map(({ mode, bots }) => `${mode} ${bots}`)).size).toBe(6);
});
