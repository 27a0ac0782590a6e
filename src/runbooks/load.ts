/** Loads runbooks from folders of YAML files; every mistake is told at once, with its place. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Risk, StepPolicy } from '../domain/run.ts';
import { flatSteps, type Runbook, type RunbookStep } from '../domain/runbook.ts';
import { FirebreakError } from '../errors.ts';
import { type Mistake, openYaml, type Yaml } from '../yaml.ts';
import { mistakesIn } from './lint.ts';
import { calledBy } from './lint-calls.ts';
import { riskIn } from './lint-step.ts';
import { type RunbookFile, runbookSchema } from './schema.ts';
import { paramOf, type Sketch, type Sketches, type SketchStep, sketchOf } from './sketch.ts';
import type { Kinds } from './step.ts';

/** All runbooks of the folders, by name; one of a later folder replaces one of its name. Throws RUNBOOK_WRONG with every mistake. */
export async function loadRunbooks(
  folders: string | readonly string[],
  kinds: Kinds,
  onReplaced: (path: string) => void = () => undefined,
): Promise<ReadonlyMap<string, Runbook>> {
  const { runbooks, mistakes } = await readRunbooks(await textsOf([folders].flat(), onReplaced), kinds);
  if (mistakes.length > 0) throw new FirebreakError('RUNBOOK_WRONG', { found: mistakes.join('\n') });
  return runbooks;
}

/** Texts by path. */
type Texts = Readonly<Record<string, string>>;

async function textsOf(folders: readonly string[], onReplaced: (path: string) => void): Promise<Texts> {
  const paths = new Map<string, string>();
  for (const folder of folders) {
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yml')).sort()) {
      if (paths.has(file)) onReplaced(join(folder, file));
      paths.set(file, join(folder, file));
    }
  }
  const texts = [...paths.values()].map(async (path) => [path, await readFile(path, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** Reads runbooks that may call each other; mistakes as `file:line:column path: found …, expected …`. */
export async function readRunbooks(
  texts: Texts,
  kinds: Kinds,
): Promise<{ readonly runbooks: ReadonlyMap<string, Runbook>; readonly mistakes: readonly string[] }> {
  const schema = runbookSchema(kinds);
  const drafts = Object.entries(texts).map(([path, text]) => draftOf(path, text, schema));
  const all: Sketches = new Map(drafts.map(({ sketch }) => [sketch.name, sketch]));
  const mistakes = await Promise.all(drafts.map((draft) => toldOf(draft, kinds, all)));
  const sound = mistakes.flat().length === 0;
  return { runbooks: sound ? linked(drafts, kinds) : new Map(), mistakes: mistakes.flat() };
}

interface Draft {
  readonly path: string;
  /** Undefined: it is no YAML, and `problems` say why. */
  readonly yaml?: Yaml;
  readonly problems: readonly string[];
  readonly wrong: readonly Mistake[];
  readonly sketch: Sketch;
  /** Undefined while something is wrong. */
  readonly file?: RunbookFile;
}

function draftOf(path: string, text: string, schema: ReturnType<typeof runbookSchema>): Draft {
  const yaml = openYaml(nameOf(path), text);
  if (!yaml.ok) return { path, problems: yaml.problems, wrong: [], sketch: sketchOf(undefined) };
  const parsed = schema.safeParse(yaml.raw);
  const draft = { path, yaml, problems: [], sketch: sketchOf(yaml.raw) };
  return parsed.success
    ? { ...draft, wrong: [], file: parsed.data }
    : { ...draft, wrong: yaml.mistakesOf(parsed.error.issues) };
}

/** As it can be clicked in a terminal. */
function nameOf(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

/** What the schema has told of a place is not told of it again. */
async function toldOf(
  { path, yaml, problems, wrong, sketch }: Draft,
  kinds: Kinds,
  all: Sketches,
): Promise<readonly string[]> {
  if (!yaml) return problems;
  const more = await mistakesIn(sketch, basename(path), kinds, all);
  const fresh = more.filter((mistake) => !wrong.some((other) => isWithin(mistake.path, other.path)));
  return yaml.tell([...wrong, ...fresh]);
}

const isWithin = (path: readonly PropertyKey[], other: readonly PropertyKey[]): boolean =>
  other.every((key, index) => String(path[index]) === String(key));

/** Calls hold the runbook that they call; there are no circles any more. */
function linked(drafts: readonly Draft[], kinds: Kinds): ReadonlyMap<string, Runbook> {
  const runbooks = new Map<string, Runbook>();
  const link = (name: string): Runbook => {
    const draft = drafts.find(({ sketch }) => sketch.name === name) as Draft;
    const runbook = runbooks.get(name) ?? runbookOf(draft, kinds, link);
    runbooks.set(name, runbook);
    return runbook;
  };
  const names = drafts.map(({ sketch }) => sketch.name);
  return new Map(names.map((name) => [name, link(name)]));
}

function runbookOf({ sketch, file }: Draft, kinds: Kinds, link: (name: string) => Runbook): Runbook {
  const { name, title, summary } = file as RunbookFile;
  const params = Object.entries(sketch.params).flatMap(([param, it]) => {
    const known = paramOf(it);
    return known ? [[param, known] as const] : [];
  });
  const steps = sketch.steps.map((step, index) => ({
    ...called(sketch, step, kinds, link),
    ...keptOf((file as RunbookFile).steps[index]),
  }));
  return { name, title, summary, params: Object.fromEntries(params), steps };
}

function called(
  sketch: Sketch,
  step: SketchStep,
  kinds: Kinds,
  link: (name: string) => Runbook,
): RunbookStep {
  const { name, kind } = step;
  const other = calledBy(step, kinds);
  if (other === undefined)
    return { name, kind, risk: riskIn(sketch, step, kinds) ?? 'dangerous', with: step.with };
  const calls = link(other);
  const given = (step.with['params'] ?? {}) as RunbookStep['with'];
  return { name, kind, risk: worstOf(flatSteps(calls)), with: given, calls };
}

const RISKS: readonly Risk[] = ['dangerous', 'change', 'read'];

const worstOf = (steps: readonly RunbookStep[]): Risk =>
  RISKS.find((risk) => steps.some((step) => step.risk === risk)) ?? 'read';

/** Of what the schema has read: `when`, and what is done about time and failure. */
function keptOf(step: RunbookFile['steps'][number] | undefined): Pick<RunbookStep, 'when' | 'policy'> {
  const { when, retry, timeout, on_failure: onFailure } = step ?? {};
  const policy: StepPolicy = {
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(retry === undefined ? {} : { retry: { times: retry.times, waitMs: retry.wait } }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
  return {
    ...(when === undefined ? {} : { when }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  };
}
