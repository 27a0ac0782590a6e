/** A runbook: named steps with parameters; bound to the values of one run before anything is written. */
import { type Refusal, refuse } from './refusal.ts';
import type { Risk, StepCondition, StepPolicy } from './run.ts';

export const PARAM_TYPES = ['text', 'table', 'migration', 'session', 'number'] as const;
export type ParamType = (typeof PARAM_TYPES)[number];

interface Param {
  readonly type: ParamType;
  readonly required: boolean;
  readonly description: string;
}

export interface RunbookStep {
  readonly name: string;
  readonly kind: string;
  readonly risk: Risk;
  /** The kind's input; `{{param}}` as a whole value stands for the parameter. */
  readonly with: Readonly<Record<string, unknown>>;
  /** A parameter: without it the step is skipped. */
  readonly when?: string;
  /** All of them have to hold once its turn has come, or the step is skipped. */
  readonly conditions?: readonly StepCondition[];
  readonly policy?: StepPolicy;
}

export interface Runbook {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly params: Readonly<Record<string, Param>>;
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

/** What a value of each type looks like, for people. */
const EXPECTED: Readonly<Record<ParamType, string>> = {
  text: 'a text of at most 1000 characters',
  table: 'a table, `orders` or `public.orders`',
  migration: 'the name of a migration, without spaces',
  session: "a session's pid",
  number: 'a whole number',
};

const SHAPES: Readonly<Record<ParamType, RegExp>> = {
  text: /^[^\0]{1,1000}$/s,
  table: /^[^\s\0;'"]{1,127}$/,
  migration: /^[^\s\0;'"]{1,255}$/,
  session: /^[1-9]\d{0,8}$/,
  number: /^\d{1,15}$/,
};

/** Values that have the shape of their type, to try a runbook's steps with. */
export const SAMPLES: Readonly<Record<ParamType, string | number>> = {
  text: 'text',
  table: 'table',
  migration: 'migration',
  session: 1,
  number: 1,
};

/** The parameter that a value stands for; undefined when it is a plain value. */
export const referenceIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? /^\{\{\s*([a-z][a-z0-9_]*)\s*\}\}$/.exec(value)?.[1] : undefined;

/** The parameters that a title names. */
export const referencesInTitle = (title: string): readonly string[] =>
  [...title.matchAll(TITLE_REFERENCE)].flatMap(([, name]) => name ?? []);

const TITLE_REFERENCE = /\{\{\s*([a-z][a-z0-9_]*)\s*\}\}/g;

/** Title and steps with the values filled in, or why the parameters do not fit. */
export function bindRunbook(
  runbook: Runbook,
  params: Readonly<Record<string, string>>,
): { readonly ok: true; readonly title: string; readonly steps: readonly BoundStep[] } | Refusal {
  const problem = unknownParam(runbook, params) ?? wrongParam(runbook, params);
  if (problem) return problem;
  const values = typedValues(runbook, params);
  const title = runbook.title.replace(TITLE_REFERENCE, (_, name: string) => params[name] ?? '?');
  return { ok: true, title, steps: runbook.steps.map((step) => bindStep(step, values)) };
}

/** A step's input with the references replaced; a reference without a value leaves its key out. */
export function fillIn(
  wanted: RunbookStep['with'],
  values: ReadonlyMap<string, string | number>,
): Readonly<Record<string, unknown>> {
  const filled = Object.entries(wanted).map(([key, value]): [string, unknown] => {
    const param = referenceIn(value);
    return [key, param === undefined ? value : values.get(param)];
  });
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

function unknownParam(runbook: Runbook, params: Readonly<Record<string, string>>): Refusal | undefined {
  const known = Object.keys(runbook.params);
  const found = Object.keys(params).find((name) => !known.includes(name));
  if (found === undefined) return undefined;
  return refuse('PARAM_UNKNOWN', {
    runbook: runbook.name,
    found,
    known: ['target', ...known].map((name) => `\`${name}\``).join(', '),
  });
}

function wrongParam(runbook: Runbook, params: Readonly<Record<string, string>>): Refusal | undefined {
  for (const [param, { type, required, description }] of Object.entries(runbook.params)) {
    const found = params[param];
    if (found === undefined && required)
      return refuse('PARAM_MISSING', { runbook: runbook.name, param, description });
    if (found !== undefined && !SHAPES[type].test(found))
      return refuse('PARAM_WRONG', { param, found, expected: EXPECTED[type] });
  }
  return undefined;
}

function typedValues(
  runbook: Runbook,
  params: Readonly<Record<string, string>>,
): ReadonlyMap<string, string | number> {
  const typed = (name: string, value: string): string | number => {
    const type = runbook.params[name]?.type;
    return type === 'session' || type === 'number' ? Number(value) : value;
  };
  return new Map(Object.entries(params).map(([name, value]) => [name, typed(name, value)]));
}

const bindStep = (step: RunbookStep, values: ReadonlyMap<string, string | number>): BoundStep => ({
  name: step.name,
  kind: step.kind,
  risk: step.risk,
  input: fillIn(step.with, values),
  skipped: step.when !== undefined && !values.has(step.when),
  ...(step.conditions ? { conditions: step.conditions } : {}),
  ...(step.policy ? { policy: step.policy } : {}),
});
