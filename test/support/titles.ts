/** Which tests a file has, read from its source as the compiler reads it: comments and texts in it are none. */
import ts from 'typescript';

/** The titles from the outermost `describe` to the test itself. */
export type Path = readonly string[];

const TESTS = new Set(['test', 'it']);
/** What is written so runs, and has to pass; a `.skip`, a `.todo`, a `.failing` and an `xit` are no tests. */
const RUNS = new Set(['each', 'concurrent']);

/**
 * The tests of a source that run in every run, each once with all its names: of `test.each` the title as it is written,
 * and with the first word of each row that is written there. With an `.only` in it the file counts as having none, since
 * the others do not run; and what is decided as it runs (`if`, `? :`) does not count.
 */
function testsIn(source: string): readonly (readonly Path[])[] {
  const file = ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.Latest, true);
  return isOnly(file) ? [] : testsOf(file, []);
}

/** The test that is meant: by its title, or by titles of its `describe`s before it. Undefined with none, or with two. */
export function testNamed(name: string, source: string): Path | undefined {
  const found = testsIn(source).flatMap((names) => {
    const path = names.find((each) => each.some((_, from) => each.slice(from).join(' › ') === name));
    return path ? [path] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

function testsOf(node: ts.Node, above: Path): readonly (readonly Path[])[] {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) return [];
  if (!ts.isCallExpression(node)) return within(node, above);
  const call = callOf(node);
  // Of another call nobody knows whether it makes the tests in it, or when.
  if (!call?.runs || call.titles.length === 0) return [];
  if (call.isTest) return [call.titles.map((title) => [...above, title])];
  return within(node, [...above, call.titles[0] ?? '']);
}

function within(node: ts.Node, above: Path): readonly (readonly Path[])[] {
  const found: (readonly Path[])[] = [];
  ts.forEachChild(node, (child) => void found.push(...testsOf(child, above)));
  return found;
}

interface Call {
  readonly isTest: boolean;
  readonly runs: boolean;
  readonly titles: readonly string[];
}

/** `test(…)`, `describe.each(…)(…)` and the like; undefined for all other calls. */
function callOf({ expression, arguments: [title] }: ts.CallExpression): Call | undefined {
  const { name, more, table } = chainOf(expression);
  const isTest = TESTS.has(name);
  // The call that only brings the table is the inner one.
  if ((!isTest && name !== 'describe') || (more.includes('each') && table === undefined)) return undefined;
  const runs = more.every((each) => RUNS.has(each));
  return { isTest, runs, titles: title && ts.isStringLiteralLike(title) ? titlesOf(title.text, table) : [] };
}

interface Chain {
  readonly name: string;
  readonly more: readonly string[];
  readonly table?: ts.Expression | undefined;
}

/** `it.concurrent.each(table)`: its name, what follows it, and the table. */
function chainOf(callee: ts.Expression): Chain {
  if (ts.isIdentifier(callee)) return { name: callee.text, more: [] };
  if (ts.isCallExpression(callee)) return { ...chainOf(callee.expression), table: callee.arguments[0] };
  if (!ts.isPropertyAccessExpression(callee)) return { name: '', more: [] };
  const { name, more } = chainOf(callee.expression);
  return { name, more: [...more, callee.name.text] };
}

function titlesOf(title: string, table: ts.Expression | undefined): readonly string[] {
  if (!table || !ts.isArrayLiteralExpression(table)) return [title];
  const words = table.elements.flatMap((row) => {
    const first = ts.isArrayLiteralExpression(row) ? row.elements[0] : row;
    return first && ts.isStringLiteralLike(first) ? [first.text] : [];
  });
  return [title, ...words.map((word) => title.replace('%s', () => word))];
}

/** Somewhere a test was singled out. */
function isOnly(node: ts.Node): boolean {
  const here =
    (ts.isPropertyAccessExpression(node) && node.name.text === 'only' && isTestChain(node)) ||
    (ts.isCallExpression(node) && ['fit', 'fdescribe'].includes(chainOf(node.expression).name));
  return here || (ts.forEachChild(node, (child) => isOnly(child) || undefined) ?? false);
}

const isTestChain = (node: ts.Expression): boolean => {
  const { name } = chainOf(node);
  return TESTS.has(name) || name === 'describe';
};
