/** What a schema cannot see in a runbook: names that belong together, and steps that their kind would not take. */
import { referencesInTitle } from '../domain/runbook.ts';
import { expectedOf, fits } from '../domain/runbook-params.ts';
import type { Mistake } from '../yaml.ts';
import { callMistakes } from './lint-calls.ts';
import { riskIn, stepMistakes } from './lint-step.ts';
import {
  expectedParam,
  paramIn,
  paramOf,
  referencesIn,
  type Sketch,
  type Sketches,
  type SketchParam,
  type SketchStep,
  whensOf,
} from './sketch.ts';
import { isCall, type Kinds } from './step.ts';

/** Every mistake of one runbook; `file` is the name of its file. */
export async function mistakesIn(
  sketch: Sketch,
  file: string,
  kinds: Kinds,
  all: Sketches,
): Promise<readonly Mistake[]> {
  const steps = await Promise.all(sketch.steps.map((_, index) => stepMistakes(sketch, index, kinds, all)));
  return [
    ...misnamed(sketch, file),
    ...unknownInTitle(sketch),
    ...Object.entries(sketch.params).flatMap(([name, param]) => paramMistakes(name, param, sketch)),
    ...twice(sketch),
    ...steps.flat(),
    ...sketch.steps.flatMap((_, index) => callMistakes(sketch, index, kinds, all)),
    ...unseen(sketch, kinds),
  ];
}

const misnamed = ({ name }: Sketch, file: string): readonly Mistake[] =>
  name === '' || `${name}.yml` === file
    ? []
    : [{ path: ['name'], found: `\`${name}\``, expected: "the file's name without .yml" }];

const unknownInTitle = ({ title, params }: Sketch): readonly Mistake[] =>
  referencesInTitle(title)
    .filter((name) => !Object.hasOwn(params, name))
    .map((name) => ({ path: ['title'], found: `\`${name}\``, expected: expectedParam(name, params) }));

function paramMistakes(name: string, param: SketchParam, sketch: Sketch): readonly Mistake[] {
  const path = ['params', name];
  const mistakes: Mistake[] = [];
  if (!isUsed(name, sketch))
    mistakes.push({ path, found: `\`${name}\``, expected: 'a step, a `when` or the title to use it' });
  const known = paramOf(param);
  const { default: preset } = param;
  if (preset === undefined || !known) return mistakes;
  if (param.required === true)
    mistakes.push({
      path: [...path, 'required'],
      found: 'true',
      expected: 'no default, or not to be required',
    });
  if (!fits(known, preset))
    mistakes.push({ path: [...path, 'default'], found: `\`${preset}\``, expected: expectedOf(known) });
  return mistakes;
}

const isUsed = (name: string, { title, steps }: Sketch): boolean =>
  referencesInTitle(title).includes(name) || steps.some((step) => usedBy(step).includes(name));

const usedBy = (step: SketchStep): readonly string[] => [
  ...referencesIn(step.with),
  ...whensOf(step).flatMap((when) => paramIn(when) ?? []),
];

const twice = ({ steps }: Sketch): readonly Mistake[] =>
  steps.flatMap(({ name }, index) =>
    name !== '' && steps.findIndex((step) => step.name === name) < index
      ? [{ path: ['steps', index, 'name'], found: `\`${name}\` again`, expected: 'a name of its own' }]
      : [],
  );

const LOOKS: readonly string[] = ['probe', 'db-check', 'manual'];

/** What changes something ends with a look at what came of it. */
function unseen(sketch: Sketch, kinds: Kinds): readonly Mistake[] {
  const last = sketch.steps.findLastIndex((step) => riskIn(sketch, step, kinds) === 'dangerous');
  // A runbook that is called looks for itself.
  const looks = ({ kind }: SketchStep): boolean => LOOKS.includes(kind) || isCalling(kind, kinds);
  if (last < 0 || sketch.steps.slice(last + 1).some(looks)) return [];
  const found = 'a dangerous step, and nothing after it that looks';
  return [{ path: ['steps', last, 'kind'], found, expected: `one of ${LOOKS.join(', ')} after it` }];
}

const isCalling = (name: string, kinds: Kinds): boolean => {
  const kind = kinds.get(name);
  return kind !== undefined && isCall(kind);
};
