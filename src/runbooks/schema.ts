/** The format of a runbook's file, as one schema made of the step kinds there are; editors get it as JSON Schema. */
import { z } from 'zod';
import type { When } from '../domain/runbook.ts';
import { PARAM_TYPES } from '../domain/runbook-params.ts';
import { either, expectedWord, strict } from '../yaml.ts';
import { durationInput } from './inputs.ts';
import { type AnyKind, isCall, type Kinds } from './step.ts';

/** A file that has no mistake its schema can see. `with` is read again, with the values of a run. */
export interface RunbookFile {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly steps: readonly {
    readonly when?: When | readonly When[] | undefined;
    readonly retry?: { readonly times: number; readonly wait: number } | undefined;
    readonly timeout?: number | undefined;
    readonly on_failure?: 'stop' | 'continue' | undefined;
  }[];
}

const sentence = z.string().trim().min(1);
const scalar = z.union([z.string(), z.number()]).transform(String);
const paramName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'a parameter name like `backend_start`')
  .refine((found) => found !== 'target', 'another name: every runbook takes `target`');
/** As `referenceIn` reads it. With `abort`, so that a text that is none is told as the other choice. */
const reference = z.string().regex(/^\{\{\s*[a-z][a-z0-9_]*\s*\}\}$/, { abort: true });

/** The schema of a file with these kinds of steps. */
export const runbookSchema = (kinds: Kinds): z.ZodType<RunbookFile> =>
  strict({
    name: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a name like `first-five-minutes`'),
    title: sentence.describe('What a run is called; {{parameters}} are filled in.'),
    summary: sentence,
    params: z.record(paramName, param).optional(),
    steps: z.array(stepOf(kinds)).min(1, 'at least one step'),
  }) as unknown as z.ZodType<RunbookFile>;

/** The same for editors, as text: `# yaml-language-server: $schema=./schema.json`. */
export function jsonSchema(kinds: Kinds): string {
  const schema = z.toJSONSchema(runbookSchema(kinds), {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    // Each thing once: half a file of repetitions helps nobody who reads a diff.
    reused: 'ref',
  });
  return `${JSON.stringify({ ...schema, title: 'A runbook of Firebreak' }, undefined, 2)}\n`;
}

const aboutParam = {
  required: z.boolean().optional().describe('True unless told, or unless there is a default.'),
  description: sentence.describe('What it is, shown to whoever is asked for it.'),
  default: scalar.optional(),
};
const param = z.discriminatedUnion(
  'type',
  [
    strict({
      type: z.literal('choice'),
      // What a menu of Slack takes.
      options: z
        .array(scalar.pipe(z.string().min(1).max(75)))
        .min(1)
        .max(100),
      ...aboutParam,
    }),
    strict({ type: z.enum(PARAM_TYPES).exclude(['choice']), ...aboutParam }),
  ],
  { error: (issue) => meant(issue, 'type', PARAM_TYPES) },
);

const whenOne = z.union([
  z.string(),
  strict({ param: z.string(), is: z.union([z.string(), z.number()]).optional() }),
  strict({ step: z.string(), is: z.enum(['done', 'failed', 'skipped']) }),
]);
/** A condition, or a list of which all have to hold. */
export const whenSchema = z.union([whenOne, z.array(whenOne).min(1)], {
  error: 'a parameter, `{ param, is }`, `{ step, is: done, failed or skipped }`, or a list of them',
});

const onFailure = z.enum(['stop', 'continue']).optional().describe('`continue`: the next step follows.');

function stepOf(kinds: Kinds): z.ZodType {
  const [first, ...more] = [...kinds.values()].map(stepOfKind);
  if (first === undefined) throw new Error('there are no step kinds');
  return z.discriminatedUnion('kind', [first, ...more], {
    error: (issue) => meant(issue, 'kind', [...kinds.keys()]),
  });
}

const stepOfKind = (kind: AnyKind) =>
  strict({
    name: sentence.refine((name) => !name.includes('›'), 'a name without `›`'),
    kind: z.literal(kind.name).describe(kind.dryRun),
    with: referable(kind.input).prefault({}),
    when: whenSchema.optional().describe('Without it the step is skipped.'),
    ...policyOf(kind),
  });

export const NO_RETRY = 'no `retry`: what is dangerous is never tried again by itself';
const NO_WAY_ROUND = 'neither `on_failure` nor `retry`: who refuses has ended the run';
export const NO_TIMEOUT = 'no `timeout`: what is dangerous has limits of its own';

/** What is dangerous brings its own limits, and is never tried again by itself. */
function policyOf(kind: AnyKind): Record<string, z.ZodType> {
  if (isCall(kind)) return {};
  if (kind.name === 'approval') return gatePolicy();
  if (kind.risk === 'dangerous' && !kind.reads)
    return {
      on_failure: onFailure,
      timeout: z.never({ error: NO_TIMEOUT }).optional(),
      retry: z.never({ error: NO_RETRY }).optional(),
    };
  return {
    on_failure: onFailure,
    timeout: durationInput.optional().describe('After it the step has failed.'),
    retry: strict({ times: z.number().int().min(1).max(20), wait: durationInput }).optional(),
  };
}

/** A gate that opens by itself, or asks until somebody gives in, would be none. */
const gatePolicy = (): Record<string, z.ZodType> => ({
  timeout: durationInput.optional().describe('After it the step has failed.'),
  on_failure: z.never({ error: NO_WAY_ROUND }).optional(),
  retry: z.never({ error: NO_WAY_ROUND }).optional(),
});

/** The input of a kind, where each value, and each within a list or a record, may be a reference. */
const referable = (input: z.ZodType): z.ZodType =>
  input instanceof z.ZodObject
    ? strict(eachOf(input.shape as Shape, (field) => either(reference, within(field))))
    : input;

type Shape = Readonly<Record<string, z.ZodType>>;

const eachOf = (shape: Shape, change: (field: z.ZodType) => z.ZodType): Shape =>
  Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, change(field)]));

/** Limits of a whole list are left to the kind itself, which reads it once it has no references any more. */
function within(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault || field instanceof z.ZodPrefault)
    return within(field.unwrap() as z.ZodType).optional();
  if (field instanceof z.ZodArray) return z.array(either(reference, field.element as z.ZodType));
  if (field instanceof z.ZodRecord)
    return z.record(field.keyType as z.ZodString, either(reference, field.valueType as z.ZodType));
  if (field instanceof z.ZodObject)
    return strict(eachOf(field.shape as Shape, (inner) => either(reference, inner)));
  return field;
}

const meant = ({ input }: { readonly input?: unknown }, key: string, known: readonly string[]): string => {
  const found = (input as Readonly<Record<string, unknown>> | undefined)?.[key];
  return expectedWord(typeof found === 'string' ? found : '', known);
};
