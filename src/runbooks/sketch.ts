/** What can be made out of a runbook's file, however wrong it is: so that one mistake hides no other. */
import { z } from 'zod';
import { referenceIn, type When, whenOf } from '../domain/runbook.ts';
import { PARAM_TYPES, type Param, samplesOf, type Value, type Values } from '../domain/runbook-params.ts';
import { expectedWord } from '../yaml.ts';
import { whenSchema } from './schema.ts';

const text = z.string().catch('');
const scalar = z.union([z.string(), z.number()]).transform(String);
const record = z.record(z.string(), z.unknown()).catch({});

const SketchParam = z
  .object({
    type: z.enum(PARAM_TYPES).optional().catch(undefined),
    required: z.boolean().optional().catch(undefined),
    description: text,
    default: scalar.optional().catch(undefined),
    options: z.array(scalar).optional().catch(undefined),
  })
  .catch({ description: '' });
export type SketchParam = z.infer<typeof SketchParam>;

const SketchStep = z
  .object({
    name: text,
    kind: text,
    with: record,
    when: whenSchema.optional().catch(undefined),
    retry: z.unknown().optional(),
    timeout: z.unknown().optional(),
    on_failure: z.unknown().optional(),
  })
  .catch({ name: '', kind: '', with: {}, retry: undefined, timeout: undefined, on_failure: undefined });
export type SketchStep = z.infer<typeof SketchStep>;

const Sketch = z
  .object({
    name: text,
    title: text,
    summary: text,
    params: z.record(z.string(), SketchParam).catch({}),
    steps: z.array(SketchStep).catch([]),
  })
  .catch({ name: '', title: '', summary: '', params: {}, steps: [] });
export type Sketch = z.infer<typeof Sketch>;

/** Runbooks by name, as far as they can be made out. */
export type Sketches = ReadonlyMap<string, Sketch>;

export const sketchOf = (raw: unknown): Sketch => Sketch.parse(raw);

/** A parameter as a run takes it; undefined while its type is not clear. */
export function paramOf({
  type,
  required,
  description,
  default: preset,
  options,
}: SketchParam): Param | undefined {
  if (type === undefined || (type === 'choice' && options === undefined)) return undefined;
  return {
    type,
    required: required ?? preset === undefined,
    description,
    ...(preset === undefined ? {} : { default: preset }),
    ...(options === undefined ? {} : { options }),
  };
}

/** Whether it has a value in every run. */
export const isSure = ({ required, default: preset }: SketchParam): boolean =>
  required !== false || preset !== undefined;

/** The parameters that have a value whenever the step has its turn. */
export function sureFor({ params }: Sketch, step: SketchStep): ReadonlySet<string> {
  const asked = whensOf(step).flatMap((when) => paramIn(when) ?? []);
  const always = Object.entries(params).flatMap(([name, param]) => (isSure(param) ? [name] : []));
  return new Set([...always, ...asked]);
}

/** What a step's `when` says, as a list. */
export const whensOf = ({ when }: SketchStep): readonly When[] => whenOf(when === undefined ? {} : { when });

/** The parameter that a condition is about. */
export function paramIn(when: When): string | undefined {
  if (typeof when === 'string') return when;
  return 'param' in when ? when.param : undefined;
}

/** The references that a step may have: its values, and those within its lists and records. */
export function referencesIn(wanted: SketchStep['with']): readonly string[] {
  const values = Object.values(wanted).flatMap((value) => [
    value,
    ...innerOf(value).map(([, inner]) => inner),
  ]);
  return values.flatMap((value) => referenceIn(value) ?? []);
}

/** What is in a list or a record, by its key. */
export const innerOf = (value: unknown): readonly (readonly [key: string | number, inner: unknown])[] => {
  if (Array.isArray(value)) return value.map((inner: unknown, index) => [index, inner] as const);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
};

/** Values to try a step with: all there are, each that can be chosen, and only those that it surely has. */
export function trialsFor(sketch: Sketch, step: SketchStep): readonly Values[] {
  const known = Object.entries(sketch.params).flatMap(([name, param]) => {
    const samples = ((it) => (it ? samplesOf(it) : []))(paramOf(param));
    return samples.length > 0 ? [[name, samples] as const] : [];
  });
  const first = new Map(known.map(([name, [sample]]) => [name, sample as Value]));
  const chosen = known.flatMap(([name, samples]) =>
    samples.slice(1).map((sample) => new Map(first).set(name, sample)),
  );
  const sure = sureFor(sketch, step);
  return [first, ...chosen, new Map([...first].filter(([name]) => sure.has(name)))];
}

/** The parameter that was meant. */
export const expectedParam = (found: string, params: Sketch['params']): string =>
  Object.keys(params).length === 0
    ? 'a parameter, of which there are none'
    : `the parameter ${expectedWord(found, Object.keys(params))}`;
