/** A runbook: named steps with parameters; bound to the values of one run before anything is written. */
import type { Refusal } from './refusal.ts';
import type { Risk, StepCondition, StepPolicy } from './run.ts';
import {
  type Given,
  type Params,
  problemsOf,
  type Surroundings,
  type Value,
  type Values,
  valuesOf,
  withDefaults,
} from './runbook-params.ts';

/**
 * When a step has its turn: with a parameter, with a value of it, or after what became of an earlier step. Of a step
 * of a called runbook the name is `caller › called`.
 */
export type When =
  | string
  | { readonly param: string; readonly is?: Value | undefined }
  | { readonly step: string; readonly is: StepCondition['is'] };

export interface RunbookStep {
  readonly name: string;
  readonly kind: string;
  readonly risk: Risk;
  /** The kind's input; `{{param}}` as a whole value stands for the parameter. Of a call: the called one's parameters. */
  readonly with: Readonly<Record<string, unknown>>;
  /** All of them have to hold, or the step is skipped. */
  readonly when?: When | readonly When[];
  /** The same, by index. */
  readonly conditions?: readonly StepCondition[];
  readonly policy?: StepPolicy;
  /** The steps of this runbook take the place of the step. */
  readonly calls?: Runbook;
}

export interface Runbook {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly params: Params;
  readonly steps: readonly RunbookStep[];
}

export interface BoundStep {
  readonly name: string;
  readonly kind: string;
  readonly risk: Risk;
  readonly input: Readonly<Record<string, unknown>>;
  readonly skipped: boolean;
  readonly conditions?: readonly StepCondition[];
  readonly policy?: StepPolicy;
}

export interface BoundRunbook {
  readonly ok: true;
  readonly title: string;
  /** What was given, with the defaults of the rest. */
  readonly params: Given;
  readonly steps: readonly BoundStep[];
}

/** Between the name of a step that calls and that of a step it calls. */
const CALLS = ' › ';

/** The name that a step of a called runbook has in the one that calls. */
export const calledName = (caller: string, called: string): string => `${caller}${CALLS}${called}`;

/** The steps as they will be run: a call is replaced by what it calls. */
export const flatSteps = ({ steps }: Runbook): readonly RunbookStep[] =>
  steps.flatMap((step) =>
    step.calls
      ? flatSteps(step.calls).map((called) => ({ ...called, name: calledName(step.name, called.name) }))
      : [step],
  );

/** The parameter that a value stands for; undefined when it is a plain value. */
export const referenceIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? /^\{\{\s*([a-z][a-z0-9_]*)\s*\}\}$/.exec(value)?.[1] : undefined;

/** The parameters that a title names. */
export const referencesInTitle = (title: string): readonly string[] =>
  [...title.matchAll(TITLE_REFERENCE)].flatMap(([, name]) => name ?? []);

const TITLE_REFERENCE = /\{\{\s*([a-z][a-z0-9_]*)\s*\}\}/g;

/** `when` as a list, however it was written. */
export const whenOf = ({ when = [] }: Pick<RunbookStep, 'when'>): readonly When[] =>
  isList(when) ? when : [when];

const isList = (when: When | readonly When[]): when is readonly When[] => Array.isArray(when);

/** Title and steps with the values filled in, or why the parameters do not fit. */
export function bindRunbook(
  runbook: Runbook,
  given: Given,
  around: Surroundings = {},
): BoundRunbook | Refusal {
  const params = withDefaults(runbook.params, given);
  const title = runbook.title.replace(TITLE_REFERENCE, (_, name: string) => params[name] ?? '?');
  const bound = bindAll({ runbook, given, prefix: '', skipped: false, conditions: [] }, [], around);
  return 'ok' in bound ? bound : { ok: true, title: title.replace(/\s+/g, ' '), params, steps: bound };
}

/** A step's input with the references replaced; a reference without a value leaves its key out, in a list it is null. */
export function fillIn(wanted: RunbookStep['with'], values: Values): Readonly<Record<string, unknown>> {
  const inner = (value: unknown): unknown => {
    const param = referenceIn(value);
    return param === undefined ? value : values.get(param);
  };
  const outer = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((each) => inner(each) ?? null);
    return isRecord(value) ? mapped(value, inner) : inner(value);
  };
  return mapped(wanted, outer);
}

const mapped = (record: Readonly<Record<string, unknown>>, change: (value: unknown) => unknown) =>
  Object.fromEntries(
    Object.entries(record)
      .map(([key, value]) => [key, change(value)] as const)
      .filter(([, value]) => value !== undefined),
  );

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** One runbook within the run: the one that was started, or one that it calls. */
interface Frame {
  readonly runbook: Runbook;
  readonly given: Given;
  /** Before the names of its steps. */
  readonly prefix: string;
  /** Of the steps that led here. */
  readonly skipped: boolean;
  readonly conditions: readonly StepCondition[];
}

type Steps = readonly BoundStep[];

/** What is skipped is called by nobody: its parameters may be missing. */
function bindAll(frame: Frame, before: Steps, around: Surroundings): Steps | Refusal {
  const { runbook, given, skipped } = frame;
  const [problem] = skipped ? [] : problemsOf(runbook, given, around).values();
  if (problem) return problem;
  const values = valuesOf(runbook.params, given);
  let steps = before;
  for (const step of runbook.steps) {
    const next = bindStep(step, values, frame, steps, around);
    if ('ok' in next) return next;
    steps = next;
  }
  return steps;
}

function bindStep(
  step: RunbookStep,
  values: Values,
  { prefix, ...frame }: Frame,
  before: Steps,
  around: Surroundings,
): Steps | Refusal {
  const name = prefix + step.name;
  const input = fillIn(step.with, values);
  const skipped = frame.skipped || whenOf(step).some((when) => !isGiven(when, values));
  const own = whenOf(step).flatMap((when) => conditionOf(when, prefix, before));
  const conditions = [...frame.conditions, ...own, ...(step.conditions ?? [])];
  if (step.calls) {
    const given = Object.fromEntries(Object.entries(input).map(([param, value]) => [param, String(value)]));
    const called = { runbook: step.calls, given, prefix: calledName(name, ''), skipped, conditions };
    return bindAll(called, before, around);
  }
  const bound: BoundStep = {
    name,
    kind: step.kind,
    risk: step.risk,
    input,
    skipped,
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(step.policy ? { policy: step.policy } : {}),
  };
  return [...before, bound];
}

/** Of what became of earlier steps nothing is known yet. */
function isGiven(when: When, values: Values): boolean {
  if (typeof when === 'string') return values.has(when);
  if ('step' in when) return true;
  const value = values.get(when.param);
  return value !== undefined && (when.is === undefined || String(value) === String(when.is));
}

function conditionOf(when: When, prefix: string, before: Steps): readonly StepCondition[] {
  if (typeof when === 'string' || !('step' in when)) return [];
  const step = before.findIndex(({ name }) => name === prefix + when.step) + 1;
  return [{ step, is: when.is }];
}
