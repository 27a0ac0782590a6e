/** Loads runbooks from a folder of YAML files; every mistake is told at once, with its place. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  fillIn,
  PARAM_TYPES,
  type Runbook,
  referenceIn,
  referencesInTitle,
  SAMPLES,
} from '../domain/runbook.ts';
import { FirebreakError } from '../errors.ts';
import { type Mistake, readYaml } from '../yaml.ts';
import type { StepKind } from './step.ts';

const name = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a name like `first-five-minutes`');
const paramName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'a parameter name like `backend_start`')
  .refine((found) => found !== 'target', 'another name: every runbook takes `target`');
const sentence = z.string().trim().min(1);

const RunbookFile = z.strictObject({
  name,
  title: sentence,
  summary: sentence,
  params: z
    .record(
      paramName,
      z.strictObject({
        type: z.enum(PARAM_TYPES),
        required: z.boolean().default(true),
        description: sentence,
      }),
    )
    .default({}),
  steps: z
    .array(
      z.strictObject({
        name: sentence,
        kind: z.string(),
        with: z.record(z.string(), z.unknown()).default({}),
        when: z.string().optional(),
      }),
    )
    .min(1, 'at least one step'),
});
type RunbookFile = z.infer<typeof RunbookFile>;

/** All runbooks of a folder, by name. Throws RUNBOOK_WRONG with every mistake of every file. */
export async function loadRunbooks(
  folder: string,
  kinds: ReadonlyMap<string, StepKind>,
): Promise<ReadonlyMap<string, Runbook>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yml')).sort();
  const loaded = await Promise.all(files.map((file) => loadFile(folder, file, kinds)));
  const mistakes = loaded.flatMap((each) => each.mistakes);
  if (mistakes.length > 0) throw new FirebreakError('RUNBOOK_WRONG', { found: mistakes.join('\n') });
  return new Map(loaded.flatMap(({ runbook }) => (runbook ? [[runbook.name, runbook] as const] : [])));
}

async function loadFile(folder: string, file: string, kinds: ReadonlyMap<string, StepKind>) {
  return readRunbook(file, await readFile(join(folder, file), 'utf8'), kinds);
}

/** Reads one runbook; its mistakes as `file:line:column path: what, expected`. */
export function readRunbook(
  file: string,
  text: string,
  kinds: ReadonlyMap<string, StepKind>,
): { readonly runbook?: Runbook; readonly mistakes: readonly string[] } {
  const read = readYaml(file, text, RunbookFile, (runbook) => mistakesIn(runbook, file, kinds));
  return read.ok ? { runbook: toRunbook(read.value, kinds), mistakes: [] } : { mistakes: read.problems };
}

function toRunbook(file: RunbookFile, kinds: ReadonlyMap<string, StepKind>): Runbook {
  const steps = file.steps.map(({ when, ...step }) => ({
    ...step,
    risk: kinds.get(step.kind)?.risk ?? 'dangerous',
    ...(when === undefined ? {} : { when }),
  }));
  return { ...file, steps };
}

/** What the schema cannot see: names that belong together, and inputs that their kind would not take. */
function mistakesIn(
  runbook: RunbookFile,
  file: string,
  kinds: ReadonlyMap<string, StepKind>,
): readonly Mistake[] {
  const renamed: Mistake[] =
    `${runbook.name}.yml` === file
      ? []
      : [{ path: ['name'], found: `\`${runbook.name}\``, expected: "the file's name without .yml" }];
  const known = Object.keys(runbook.params);
  const untitled = referencesInTitle(runbook.title)
    .filter((name) => !known.includes(name))
    .map(
      (name): Mistake => ({
        path: ['title'],
        found: `\`${name}\``,
        expected: `one of the parameters ${known.join(', ') || '(there are none)'}`,
      }),
    );
  return [
    ...renamed,
    ...untitled,
    ...runbook.steps.flatMap((_, index) => mistakesInStep(runbook, index, kinds)),
  ];
}

function mistakesInStep(
  runbook: RunbookFile,
  index: number,
  kinds: ReadonlyMap<string, StepKind>,
): readonly Mistake[] {
  const step = runbook.steps[index] as RunbookFile['steps'][number];
  const at = ['steps', index] as const;
  const params = Object.keys(runbook.params);
  const unknown = (path: readonly PropertyKey[], param: string): Mistake => ({
    path,
    found: `\`${param}\``,
    expected: `one of the parameters ${params.join(', ') || '(there are none)'}`,
  });
  const conditions =
    step.when !== undefined && !params.includes(step.when) ? [unknown([...at, 'when'], step.when)] : [];
  const references = Object.entries(step.with).flatMap(([key, value]) =>
    referenceMistakes([...at, 'with', key], value, params, unknown),
  );
  const kind = kinds.get(step.kind);
  if (!kind) {
    const expected = `one of ${[...kinds.keys()].join(', ')}`;
    return [...conditions, ...references, { path: [...at, 'kind'], found: `\`${step.kind}\``, expected }];
  }
  const inputs = references.length > 0 ? [] : inputMistakes([...at, 'with'], kind, runbook, step.with);
  return [...conditions, ...references, ...inputs];
}

/** A reference stands for a whole value: nothing is ever pasted into a text, least of all into SQL. */
function referenceMistakes(
  path: readonly PropertyKey[],
  value: unknown,
  params: readonly string[],
  unknown: (path: readonly PropertyKey[], param: string) => Mistake,
): readonly Mistake[] {
  const param = referenceIn(value);
  if (param !== undefined) return params.includes(param) ? [] : [unknown(path, param)];
  if (!JSON.stringify(value ?? null).includes('{{')) return [];
  return [{ path, found: JSON.stringify(value), expected: '`{{param}}` as the whole value, or none' }];
}

/** Tries the kind's schema with every parameter given, and with the required ones alone. */
function inputMistakes(
  path: readonly PropertyKey[],
  kind: StepKind,
  { params }: RunbookFile,
  wanted: Readonly<Record<string, unknown>>,
): readonly Mistake[] {
  const all = Object.entries(params);
  const trials = [all, all.filter(([, { required }]) => required)];
  const issues = trials.flatMap((given) => {
    const values = new Map(given.map(([param, { type }]) => [param, SAMPLES[type]]));
    return kind.input.safeParse(fillIn(wanted, values)).error?.issues ?? [];
  });
  const mistakes = issues.map((issue) => ({
    path: [...path, ...issue.path],
    found: 'an input that does not fit its kind',
    expected: issue.message,
  }));
  return mistakes.filter((mistake, index) => mistakes.findIndex((other) => same(other, mistake)) === index);
}

const same = (a: Mistake, b: Mistake): boolean =>
  a.expected === b.expected && a.path.join('.') === b.path.join('.');
