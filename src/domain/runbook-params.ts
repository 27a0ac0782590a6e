/** The parameters of a runbook: their types, whether a value is one of its type, and what it then stands for. */
import { isSlackUser } from './actor.ts';
import { parseDuration } from './duration.ts';
import { type Refusal, refuse } from './refusal.ts';

export const PARAM_TYPES = [
  'text',
  'table',
  'migration',
  'session',
  'number',
  'database',
  'duration',
  'user',
  'choice',
] as const;
export type ParamType = (typeof PARAM_TYPES)[number];

export interface Param {
  readonly type: ParamType;
  /** Never with a default. */
  readonly required: boolean;
  readonly description: string;
  /** What it is when nobody says. */
  readonly default?: string;
  /** Of a `choice`: what it may be. */
  readonly options?: readonly string[];
}

export type Params = Readonly<Record<string, Param>>;
/** What was given, as it was typed. */
export type Given = Readonly<Record<string, string>>;
export type Value = string | number;
export type Values = ReadonlyMap<string, Value>;

/** What a value may have to exist in; not given, only its shape is looked at. */
export interface Surroundings {
  readonly targets?: readonly string[];
}

interface Type {
  /** What a value looks like, for people. */
  readonly expected: string;
  fits(value: string): boolean;
  /** Has the shape, to try a runbook's steps with. */
  readonly sample: Value;
  /** What the step gets; the text itself unless told. */
  read?(value: string): Value;
}

const matches =
  (shape: RegExp) =>
  (value: string): boolean =>
    shape.test(value);

const TYPES: Readonly<Record<Exclude<ParamType, 'choice'>, Type>> = {
  text: { expected: 'a text of at most 1000 characters', fits: matches(/^[^\0]{1,1000}$/s), sample: 'text' },
  table: {
    expected: 'a table, `orders` or `public.orders`, without quotes around it',
    fits: isTable,
    sample: 'table',
  },
  migration: {
    expected: 'the name of a migration, without spaces',
    fits: matches(/^[^\s\0;'"]{1,255}$/),
    sample: 'migration',
  },
  session: { expected: "a session's pid", fits: matches(/^[1-9]\d{0,8}$/), sample: 1, read: Number },
  number: { expected: 'a whole number', fits: matches(/^\d{1,15}$/), sample: 1, read: Number },
  database: {
    expected: 'the name of a target of firebreak.yml',
    fits: matches(/^[a-z0-9][a-z0-9_-]*$/),
    sample: 'database',
  },
  duration: {
    expected: 'a duration, for example 30s, 5m or 2h',
    fits: (value) => parseDuration(value) !== undefined,
    sample: '5m',
  },
  user: {
    expected: 'a Slack user, `@name`',
    fits: (value) => isSlackUser(userIn(value)),
    sample: 'U0000000000',
    read: userIn,
  },
};

/** What a value of this parameter looks like, for people. */
export const expectedOf = ({ type, options = [] }: Pick<Param, 'type' | 'options'>): string =>
  type === 'choice' ? `one of ${options.join(', ')}` : TYPES[type].expected;

/** Whether a text is a value of this parameter. */
export const fits = ({ type, options = [] }: Pick<Param, 'type' | 'options'>, value: string): boolean =>
  type === 'choice' ? options.includes(value) : TYPES[type].fits(value);

/** All values that matter to try a runbook's steps with: one of its shape, or each that can be chosen. */
export const samplesOf = ({ type, options = [] }: Pick<Param, 'type' | 'options'>): readonly Value[] =>
  type === 'choice' ? options : [TYPES[type].sample];

/** Why what was given does not fit, by parameter; empty when the runbook can be bound to it. */
export function problemsOf(
  runbook: { readonly name: string; readonly params: Params },
  given: Given,
  { targets }: Surroundings = {},
): ReadonlyMap<string, Refusal> {
  const problems = new Map<string, Refusal>();
  const known = Object.keys(runbook.params);
  for (const found of Object.keys(given).filter((name) => !known.includes(name))) {
    const names = ['target', ...known].map((name) => `\`${name}\``).join(', ');
    problems.set(found, refuse('PARAM_UNKNOWN', { runbook: runbook.name, found, known: names }));
  }
  for (const [name, param] of Object.entries(runbook.params)) {
    const found = given[name];
    const { description } = param;
    if (found === undefined && param.required)
      problems.set(name, refuse('PARAM_MISSING', { runbook: runbook.name, param: name, description }));
    if (found !== undefined && !fits(param, found))
      problems.set(name, refuse('PARAM_WRONG', { param: name, found, expected: expectedOf(param) }));
    else if (found !== undefined && param.type === 'database' && targets && !targets.includes(found))
      problems.set(name, refuse('UNKNOWN_TARGET', { found, known: targets.join(', ') || 'none' }));
  }
  return problems;
}

/** What was given, with the defaults of the rest. */
export const withDefaults = (params: Params, given: Given): Given =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, param]) => {
      const value = given[name] ?? param.default;
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** As the steps get them. */
export const valuesOf = (params: Params, given: Given): Values =>
  new Map(
    Object.entries(withDefaults(params, given)).map(([name, value]) => {
      const type = params[name]?.type ?? 'text';
      return [name, type === 'choice' ? value : (TYPES[type].read?.(value) ?? value)];
    }),
  );

/** Whatever PostgreSQL can quote: it is quoted wherever it goes, so that its characters do not matter. */
function isTable(value: string): boolean {
  const parts = value.split('.');
  const bytes = (part: string): number => new TextEncoder().encode(part).length;
  return (
    !value.includes('\0') && parts.length <= 2 && parts.every((part) => part !== '' && bytes(part) <= 63)
  );
}

/** `U123`, or `<@U123>` as Slack writes it. */
function userIn(value: string): string {
  return /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/.exec(value)?.[1] ?? value;
}
