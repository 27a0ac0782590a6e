/** Mistakes in calls of other runbooks: one that is not there, one that comes back here, parameters that do not fit. */
import { referenceIn } from '../domain/runbook.ts';
import { expectedOf, fits, type Param, samplesOf } from '../domain/runbook-params.ts';
import { expectedWord, type Mistake } from '../yaml.ts';
import { isSure, paramOf, type Sketch, type Sketches, type SketchStep, sureFor } from './sketch.ts';
import { isCall, type Kinds } from './step.ts';

type Path = readonly PropertyKey[];

/** Nothing when the step calls none. */
export function callMistakes(sketch: Sketch, index: number, kinds: Kinds, all: Sketches): readonly Mistake[] {
  const step = sketch.steps[index] as SketchStep;
  const name = calledBy(step, kinds);
  if (name === undefined) return [];
  const path = ['steps', index, 'with'];
  const called = all.get(name);
  if (!called)
    return [
      {
        path: [...path, 'runbook'],
        found: `\`${name}\``,
        expected: `the runbook ${expectedWord(name, [...all.keys()])}`,
      },
    ];
  const circle = wayBack(name, sketch.name, kinds, all);
  if (circle) {
    const found = [sketch.name, ...circle].map((each) => `\`${each}\``).join(' → ');
    return [{ path: [...path, 'runbook'], found, expected: 'a runbook that does not come back here' }];
  }
  return paramMistakes([...path, 'params'], sketch, step, called);
}

/** The runbook that a step calls. */
export function calledBy(step: SketchStep, kinds: Kinds): string | undefined {
  const kind = kinds.get(step.kind);
  const name = step.with['runbook'];
  return kind && isCall(kind) && typeof name === 'string' ? name : undefined;
}

/** By which calls one comes from `name` to `home`. */
function wayBack(
  name: string,
  home: string,
  kinds: Kinds,
  all: Sketches,
  seen: readonly string[] = [],
): readonly string[] | undefined {
  if (name === home) return [name];
  if (seen.includes(name)) return undefined;
  for (const step of all.get(name)?.steps ?? []) {
    const next = calledBy(step, kinds);
    const rest = next === undefined ? undefined : wayBack(next, home, kinds, all, [...seen, name]);
    if (rest) return [name, ...rest];
  }
  return undefined;
}

function paramMistakes(path: Path, sketch: Sketch, step: SketchStep, called: Sketch): readonly Mistake[] {
  const given = (step.with['params'] ?? {}) as Readonly<Record<string, unknown>>;
  const sure = sureFor(sketch, step);
  const has = (name: string): boolean => {
    const param = referenceIn(given[name]);
    return Object.hasOwn(given, name) && (param === undefined || sure.has(param));
  };
  const missing = Object.entries(called.params)
    .filter(([name, param]) => isSure(param) && param.default === undefined && !has(name))
    .map(([name]) => ({
      path: [...path, name],
      found: 'nothing for sure',
      expected: `\`${name}\`, which ${called.name} needs`,
    }));
  return [
    ...missing,
    ...Object.entries(given).flatMap(([name, value]) =>
      valueMistakes([...path, name], name, value, sketch, called),
    ),
  ];
}

function valueMistakes(
  path: Path,
  name: string,
  value: unknown,
  { params }: Sketch,
  called: Sketch,
): readonly Mistake[] {
  const wanted = Object.hasOwn(called.params, name) ? called.params[name] : undefined;
  if (!wanted)
    return [
      {
        path,
        found: `\`${name}\``,
        expected: `a parameter of ${called.name}: ${expectedWord(name, Object.keys(called.params))}`,
      },
    ];
  const type = paramOf(wanted);
  const own = referenceIn(value);
  const passed = own === undefined ? undefined : params[own];
  // What is no parameter at all is told elsewhere.
  if (!type || (own !== undefined && !passed)) return [];
  const given = passed && paramOf(passed);
  const ok = given ? isAlways(given, type) : passed !== undefined || fits(type, String(value));
  if (ok) return [];
  return [{ path, found: given ? `a ${given.type}` : `\`${String(value)}\``, expected: expectedOf(type) }];
}

/** Whether each value of one is a value of the other. */
const isAlways = (given: Param, wanted: Param): boolean =>
  wanted.type === 'text' ||
  (given.type === wanted.type && wanted.type !== 'choice') ||
  (given.type === 'choice' && samplesOf(given).every((value) => fits(wanted, String(value))));
