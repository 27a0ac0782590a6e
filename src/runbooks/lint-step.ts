/** Mistakes in one step: its references, its conditions, and what its kind would not take. */
import type { Risk } from '../domain/run.ts';
import { calledName, fillIn, referenceIn, type When } from '../domain/runbook.ts';
import { expectedOf, fits } from '../domain/runbook-params.ts';
import { expectationOf, expectedWord, type Mistake, shown } from '../yaml.ts';
import { sqlMistakes } from './lint-sql.ts';
import { NO_RETRY, NO_TIMEOUT } from './schema.ts';
import {
  expectedParam,
  innerOf,
  paramIn,
  paramOf,
  referencesIn,
  type Sketch,
  type Sketches,
  type SketchStep,
  sureFor,
  trialsFor,
  whensOf,
} from './sketch.ts';
import { isCall, type Kinds, riskOf, type StepKind } from './step.ts';

type Path = readonly PropertyKey[];

export async function stepMistakes(
  sketch: Sketch,
  index: number,
  kinds: Kinds,
  all: Sketches,
): Promise<readonly Mistake[]> {
  const step = sketch.steps[index] as SketchStep;
  const at = ['steps', index];
  const kind = kinds.get(step.kind);
  const references = referenceMistakes([...at, 'with'], step, sketch);
  const mistakes = [...whenMistakes([...at, 'when'], sketch, index, kinds, all), ...references];
  if (!kind || isCall(kind)) return mistakes;
  return [
    ...mistakes,
    ...(references.length > 0 ? [] : inputMistakes([...at, 'with'], kind, sketch, step)),
    ...policyMistakes(at, step, kind, sketch),
    ...(await sqlMistakes([...at, 'with'], step.with)),
  ];
}

/** What a step may do: when it depends on a value, the worst. */
export function riskIn(sketch: Sketch, step: SketchStep, kinds: Kinds): Risk | undefined {
  const kind = kinds.get(step.kind);
  if (!kind || isCall(kind)) return undefined;
  const risks = trialsFor(sketch, step).map((values) => riskOf(kind, fillIn(step.with, values)));
  return risks.every((risk) => risk === risks[0]) ? risks[0] : kind.risk;
}

/** Of what may only be read, too, a retry is a mistake once it may do more. */
function policyMistakes(at: Path, step: SketchStep, kind: StepKind, sketch: Sketch): readonly Mistake[] {
  // Without `reads` the schema has told it.
  if (kind.risk !== 'dangerous' || !kind.reads) return [];
  if (riskIn(sketch, step, new Map([[kind.name, kind]])) !== 'dangerous') return [];
  return [
    ...(step.retry === undefined
      ? []
      : [{ path: [...at, 'retry'], found: 'a step that is dangerous', expected: NO_RETRY }]),
    ...(step.timeout === undefined
      ? []
      : [{ path: [...at, 'timeout'], found: 'a step that is dangerous', expected: NO_TIMEOUT }]),
  ];
}

function whenMistakes(
  path: Path,
  sketch: Sketch,
  index: number,
  kinds: Kinds,
  all: Sketches,
): readonly Mistake[] {
  const whens = whensOf(sketch.steps[index] as SketchStep);
  const isList = Array.isArray(sketch.steps[index]?.when);
  return whens.flatMap((when, place) => {
    const at = isList ? [...path, place] : path;
    return typeof when === 'object' && 'step' in when
      ? earlierMistakes([...at, 'step'], when, sketch, index, kinds, all)
      : paramMistakes(at, when, sketch);
  });
}

function paramMistakes(path: Path, when: When, { params }: Sketch): readonly Mistake[] {
  const name = paramIn(when) ?? '';
  const at = typeof when === 'string' ? path : [...path, 'param'];
  const param = Object.hasOwn(params, name) ? params[name] : undefined;
  if (!param) return [{ path: at, found: `\`${name}\``, expected: expectedParam(name, params) }];
  const known = paramOf(param);
  const is = typeof when === 'object' && 'param' in when ? when.is : undefined;
  if (is === undefined || !known || fits(known, String(is))) return [];
  return [{ path: [...path, 'is'], found: `\`${is}\``, expected: expectedOf(known) }];
}

/** A condition looks back only; what has failed and ended the run is followed by nothing. */
function earlierMistakes(
  path: Path,
  { step: name, is }: Extract<When, { step: string }>,
  { steps }: Sketch,
  index: number,
  kinds: Kinds,
  all: Sketches,
): readonly Mistake[] {
  const earlier = steps.slice(0, index).flatMap((step) => namesOf(step, kinds, all));
  const found = earlier.find((step) => step.name === name);
  if (!found) {
    const names = earlier.map((step) => step.name);
    const expected =
      names.length === 0 ? 'an earlier step, of which there are none' : expectedWord(name, names);
    return [
      {
        path,
        found: `\`${name}\``,
        expected: names.length === 0 ? expected : `an earlier step: ${expected}`,
      },
    ];
  }
  if (is !== 'failed' || found.goesOn) return [];
  return [
    { path, found: `\`${name}\``, expected: 'a step with `on_failure: continue`: after others the run ends' },
  ];
}

/** The step, or all steps of what it calls. */
function namesOf(
  step: SketchStep,
  kinds: Kinds,
  all: Sketches,
  seen: readonly string[] = [],
): readonly { readonly name: string; readonly goesOn: boolean }[] {
  const kind = kinds.get(step.kind);
  if (!kind || !isCall(kind)) return [{ name: step.name, goesOn: step.on_failure === 'continue' }];
  const called = String(step.with['runbook']);
  if (seen.includes(called)) return [];
  return (all.get(called)?.steps ?? [])
    .flatMap((inner) => namesOf(inner, kinds, all, [...seen, called]))
    .map(({ name, ...rest }) => ({ name: calledName(step.name, name), ...rest }));
}

/** A reference stands for a whole value, or a whole one within a list or a record: nothing is pasted into a text. */
function referenceMistakes(path: Path, step: SketchStep, sketch: Sketch): readonly Mistake[] {
  const sure = sureFor(sketch, step);
  return Object.entries(step.with).flatMap(([key, value]) => {
    const inner = innerOf(value).flatMap(([place, each]) => {
      const at = [...path, key, place];
      return [
        ...oneReference(at, each, sketch),
        ...(Array.isArray(value) ? unsure(at, each, sketch, sure) : []),
      ];
    });
    if (inner.length > 0 || typeof value === 'object') return inner;
    // What is SQL has places of its own.
    return key === 'sql' ? [] : oneReference([...path, key], value, sketch);
  });
}

function oneReference(path: Path, value: unknown, { params }: Sketch): readonly Mistake[] {
  const param = referenceIn(value);
  if (param !== undefined)
    return Object.hasOwn(params, param)
      ? []
      : [{ path, found: `\`${param}\``, expected: expectedParam(param, params) }];
  const text = JSON.stringify(value ?? null);
  if (!text.includes('{{')) return [];
  return [{ path, found: text.slice(0, 80), expected: '`{{param}}` as the whole value, or none' }];
}

/** In a list a value that is missing would move all others. */
function unsure(
  path: Path,
  value: unknown,
  { params }: Sketch,
  sure: ReadonlySet<string>,
): readonly Mistake[] {
  const param = referenceIn(value);
  if (param === undefined || sure.has(param) || !Object.hasOwn(params, param)) return [];
  const expected = 'a parameter that is required, has a default, or is in the `when` of this step';
  return [{ path, found: `\`${param}\``, expected }];
}

/** Tries the kind's own schema with whatever the parameters may be. */
function inputMistakes(path: Path, kind: StepKind, sketch: Sketch, step: SketchStep): readonly Mistake[] {
  const isClear = (name: string): boolean =>
    paramOf(sketch.params[name] ?? { description: '' }) !== undefined;
  if (!referencesIn(step.with).every(isClear)) return [];
  return trialsFor(sketch, step).flatMap((values) => {
    const issues = kind.input.safeParse(fillIn(step.with, values)).error?.issues ?? [];
    // The schema of the file has told the keys that are not known.
    const others = issues.filter(({ code }) => code !== 'unrecognized_keys');
    return others.map((issue) => ({
      path: [...path, ...issue.path],
      found: foundAt(issue.path, step.with, sketch),
      expected: expectationOf(issue),
    }));
  });
}

/** A reference with the type of what it stands for. */
function foundAt(path: Path, wanted: unknown, { params }: Sketch): string {
  const value = path.reduce<unknown>(
    (inner, key) => (inner as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key],
    wanted,
  );
  const param = referenceIn(value);
  if (param === undefined) return shown(value);
  const type = params[param]?.type ?? 'text';
  return `\`{{${param}}}\`, ${sometimes(params[param])}a ${type}`;
}

const sometimes = (param: Sketch['params'][string] | undefined): string =>
  param?.required === false && param.default === undefined ? 'which may be missing, else ' : '';
