import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bindRunbook } from '../../src/domain/runbook.ts';
import { loadRunbooks, readRunbooks } from '../../src/runbooks/load.ts';
import { type AnyKind, defineStep, loadSteps } from '../../src/runbooks/step.ts';

const nothing = (): Promise<never> => Promise.reject(new Error('not run in this test'));
const look = defineStep({
  kind: 'look',
  risk: 'read',
  dryRun: 'It only reads.',
  input: z.strictObject({
    table: z.string().optional(),
    pid: z.number().optional(),
    values: z.array(z.string()).optional(),
    names: z.record(z.string(), z.string()).optional(),
    sql: z.string().optional(),
  }),
  run: nothing,
});
const dangerous = { plan: nothing, execute: nothing, resolve: nothing };
const act = defineStep({
  kind: 'act',
  risk: 'dangerous',
  dryRun: 'Nothing to see beforehand.',
  input: z.strictObject({ table: z.string() }),
  ...dangerous,
});
const send = defineStep({
  kind: 'send',
  risk: 'dangerous',
  dryRun: 'Nothing to see beforehand.',
  input: z.strictObject({ method: z.enum(['GET', 'POST']).default('GET') }),
  reads: {
    when: (input) => ((input as { method?: string }).method ?? 'GET') === 'GET',
    run: nothing,
  },
  ...dangerous,
});
const manual = { ...look, name: 'manual' };
const call = (await loadSteps()).get('runbook') as AnyKind;
const kinds = new Map([look, act, send, manual, call].map((kind) => [kind.name, kind]));

const GOOD = `name: good
title: Good
summary: It is good.
params:
  pid: { type: session, description: a pid }
  table: { type: table, required: false, description: a table }
steps:
  - name: one
    kind: look
    with: { pid: '{{pid}}', table: '{{ table }}' }
    when: table
`;
/** The good one with other steps, which use its parameters all the same. */
const withSteps = (lines: string): string =>
  GOOD.replace(
    /steps:\n[^]*/,
    `steps:\n${lines}  - { name: all, kind: look, with: { pid: '{{pid}}', table: '{{table}}' } }\n`,
  );
const mistakesOf = async (texts: Record<string, string>): Promise<readonly string[]> =>
  (await readRunbooks(texts, kinds)).mistakes;
const only = async (texts: Record<string, string>, name: string) => {
  const { mistakes, runbooks } = await readRunbooks(texts, kinds);
  expect(mistakes).toEqual([]);
  const runbook = runbooks.get(name);
  if (!runbook) throw new Error(`${name} is not there`);
  return runbook;
};

describe('a runbook', () => {
  it('is read from its file', async () => {
    expect(await only({ 'good.yml': GOOD }, 'good')).toEqual({
      name: 'good',
      title: 'Good',
      summary: 'It is good.',
      params: {
        pid: { type: 'session', required: true, description: 'a pid' },
        table: { type: 'table', required: false, description: 'a table' },
      },
      steps: [
        {
          name: 'one',
          kind: 'look',
          risk: 'read',
          with: { pid: '{{pid}}', table: '{{ table }}' },
          when: 'table',
        },
      ],
    });
  });

  it('says what is done about time and failure', async () => {
    const step =
      '  - { name: x, kind: look, retry: { times: 2, wait: 30s }, timeout: 5m, on_failure: continue }\n';
    expect((await only({ 'good.yml': withSteps(step) }, 'good')).steps[0]?.policy).toEqual({
      timeoutMs: 300_000,
      retry: { times: 2, waitMs: 30_000 },
      onFailure: 'continue',
    });
  });

  it.each([
    ['{ method: GET }', 'read'],
    ['{ }', 'read'],
    ['{ method: POST }', 'dangerous'],
    ["{ method: '{{mood}}' }", 'dangerous'],
  ])('is as dangerous as the worst that its values may make of a step: %s', async (input, risk) => {
    const text = GOOD.replace(
      '  pid:',
      '  mood: { type: choice, options: [GET, POST], required: false, description: x }\n  pid:',
    ).replace(
      /steps:\n/,
      `steps:\n  - { name: x, kind: send, with: ${input}, when: { param: mood, is: GET } }\n  - { name: seen, kind: manual }\n`,
    );
    expect((await only({ 'good.yml': text }, 'good')).steps[0]?.risk).toBe(risk);
  });

  it.each([
    ['name: other\n', '1:7 name: found `other`, expected the file'],
    ['steps: []\n', 'steps: found a collection, expected at least one step'],
    ['  - { name: x, kind: lokk }\n', 'steps.0.kind: found "lokk", expected `look`'],
    [
      '  - { name: x, kind: q }\n',
      'steps.0.kind: found "q", expected one of `look`, `act`, `send`, `manual`, `runbook`',
    ],
    ['  - { name: x, kind: look, wehn: table }\n', 'steps.0.wehn: found `wehn`, expected `when`'],
    [
      '  - { name: x, kind: look, with: { tabel: a } }\n',
      'steps.0.with.tabel: found `tabel`, expected `table`',
    ],
    ['  - { name: x, kind: look, with: { pid: a } }\n', 'steps.0.with.pid: found "a", expected number'],
    ['  - { name: x, kind: act }\n', 'steps.0.with.table: found nothing, expected string'],
    [
      '  - { name: x, kind: look, when: tble }\n',
      'steps.0.when: found `tble`, expected the parameter `table`',
    ],
    [
      "  - { name: x, kind: look, with: { table: '{{who}}' } }\n",
      'steps.0.with.table: found `who`, expected the parameter one of `pid`, `table`',
    ],
    [
      "  - { name: x, kind: look, with: { table: 'a {{table}}' } }\n",
      'expected `{{param}}` as the whole value',
    ],
    [
      "  - { name: x, kind: look, with: { pid: '{{table}}' } }\n",
      'steps.0.with.pid: found `{{table}}`, which may be missing, else a table, expected number',
    ],
    [
      "  - { name: x, kind: act, with: { table: '{{table}}' } }\n",
      'steps.0.with.table: found `{{table}}`, which may be missing, else a table, expected string',
    ],
    [
      "  - { name: x, kind: look, with: { values: ['{{table}}'] } }\n",
      'steps.0.with.values.0: found `table`, expected a parameter that is required',
    ],
    ["  - { name: x, kind: look, with: { names: { a: [['{{table}}']] } } }\n", 'steps.0.with.names.a'],
    ['  - { name: x, kind: look, with: { sql: "selec 1" } }\n', 'steps.0.with.sql: found syntax error'],
    [
      `  - { name: x, kind: look, with: { sql: "select '{{table}}'" } }\n`,
      'steps.0.with.sql: found a `{{` within a text',
    ],
    [
      `  - { name: x, kind: look, with: { sql: 'table "{{t}}"' } }\n`,
      'found "{{t}}", expected `t` in `names`',
    ],
    [
      '  - { name: x, kind: look, with: { sql: table a, names: { t: b } } }\n',
      'with.names.t: found `t`, expected "{{t}}" in the SQL',
    ],
    [
      '  - { name: x, kind: act, with: { table: t }, retry: { times: 1, wait: 1s } }\n',
      'steps.0.retry: found a collection, expected no `retry`',
    ],
    [
      '  - { name: x, kind: act, with: { table: t }, timeout: 1s }\n',
      'steps.0.timeout: found "1s", expected no `timeout`',
    ],
    [
      '  - { name: x, kind: send, with: { method: POST }, timeout: 1s }\n',
      'steps.0.timeout: found a step that is dangerous, expected no `timeout`',
    ],
    [
      '  - { name: x, kind: look, timeout: 5 minutes }\n',
      'steps.0.timeout: found "5 minutes", expected a duration',
    ],
    [
      '  - { name: x, kind: look, when: { step: all, is: done } }\n',
      'steps.0.when.step: found `all`, expected an earlier step, of which there are none',
    ],
    [
      '  - { name: x, kind: look }\n  - { name: y, kind: look, when: [{ step: x, is: failed }] }\n',
      'steps.1.when.0.step: found `x`, expected a step with `on_failure: continue`',
    ],
    [
      '  - { name: x, kind: look }\n  - { name: x, kind: look }\n',
      'steps.1.name: found `x` again, expected a name of its own',
    ],
    [
      '  - { name: x, kind: look, when: { param: pid, is: zero } }\n',
      "steps.0.when.is: found `zero`, expected a session's pid",
    ],
    [
      '  - { name: x, kind: act, with: { table: t } }\n',
      'steps.0.kind: found a dangerous step, and nothing after it that looks',
    ],
    [
      '  - { name: x, kind: runbook, with: { runbook: goood } }\n',
      'steps.0.with.runbook: found `goood`, expected the runbook `good`',
    ],
    [
      '  - { name: x, kind: runbook, with: { runbook: good, params: { pid: 1 } } }\n',
      'found `good` → `good`, expected a runbook that does not come back here',
    ],
  ])('is told what is wrong with it: %s', async (lines, mistake) => {
    const text = lines.startsWith('name')
      ? GOOD.replace('name: good\n', lines)
      : lines.startsWith('steps')
        ? GOOD.replace(/steps:[^]*/, lines)
        : withSteps(lines);
    const { mistakes, runbooks } = await readRunbooks({ 'good.yml': text }, kinds);
    expect(mistakes.join('\n')).toContain(mistake);
    expect(mistakes.every((line) => /^good\.yml:\d+:\d+ /.test(line))).toBe(true);
    expect(runbooks.size).toBe(0);
  });

  it.each([
    ['{ type: tabel, description: x }', 'params.table.type: found "tabel", expected `table`'],
    ['{ type: choice, description: x }', 'params.table.options: found nothing, expected array'],
    [
      '{ type: table, options: [a], description: x }',
      'params.table.options: found `options`, expected one of',
    ],
    ["{ type: table, default: '', description: x }", 'params.table.default: found ``, expected a table'],
    [
      '{ type: table, required: true, default: a, description: x }',
      'params.table.required: found true, expected no default',
    ],
  ])('is told what is wrong with a parameter: %s', async (param, mistake) => {
    const text = GOOD.replace('{ type: table, required: false, description: a table }', param);
    expect((await mistakesOf({ 'good.yml': text })).join('\n')).toContain(mistake);
  });

  it('is told all at once, also what a mistake of its form could hide', async () => {
    const text = withSteps(
      '  - { name: x, kind: look, retry: 3 }\n  - { name: y, kind: look, when: nobody }\n',
    ).replace('  pid:', '  unused: { type: text, description: x }\n  pid:');
    expect(
      (await mistakesOf({ 'good.yml': text })).map((line) =>
        line.replace(/^good.yml:\d+:\d+ (\S+): .*/, '$1'),
      ),
    ).toEqual(['params.unused', 'steps.0.retry', 'steps.1.when']);
  });

  it('may not take `target` away from the run', async () => {
    const text = GOOD.replace('table: { type: table,', 'target: { type: table,');
    expect((await mistakesOf({ 'good.yml': text })).join()).toContain('every runbook takes `target`');
  });

  it.each(['http', 'probe'])(
    'of a step of kind %s writes the address: no parameter names its host',
    async (kind) => {
      const steps = await loadSteps();
      const withUrl = (url: string, param = 'type: text'): string => `name: asks
title: Asks
summary: It asks.
params:
  where: { ${param}, description: where }
steps:
  - { name: x, kind: ${kind}, with: { url: '${url}' } }
  - { name: y, kind: manual, with: { text: '{{where}}' } }
`;
      for (const [url, param] of [
        ['{{where}}'],
        ['{{where}}', 'type: text, default: https://a.example/'],
        ['https://{{where}}/'],
        ['https://a.example@{{where}}'],
      ] as const) {
        const { mistakes } = await readRunbooks({ 'asks.yml': withUrl(url, param) }, steps);
        expect(mistakes).toEqual([expect.stringContaining('steps.0.with.url: found')]);
      }
      const list = 'type: choice, options: ["https://a.example/", "https://b.example/"]';
      expect((await readRunbooks({ 'asks.yml': withUrl('{{where}}', list) }, steps)).mistakes).toEqual([]);
    },
  );

  it('that is no YAML says where', async () => {
    expect((await mistakesOf({ 'bad.yml': 'name: [\n' })).join()).toMatch(/^bad\.yml:\d+:\d+ /);
  });
});

describe('a runbook that calls another', () => {
  const caller = (params: string, more = ''): string => `name: caller
title: Caller
summary: It calls.
params:
  relation: { type: table, required: false, description: a table }
  who: { type: session, description: a pid }
steps:
  - name: first
    kind: look
    with: { pid: '{{who}}', table: '{{relation}}' }
    on_failure: continue
  - name: do
    kind: runbook
    with: { runbook: good, params: ${params} }
    when: { step: first, is: failed }
${more}`;
  const two = (params: string, more = '') => ({ 'caller.yml': caller(params, more), 'good.yml': GOOD });

  it('has its steps, with its own parameters', async () => {
    const more = '  - { name: last, kind: look, when: { step: do › one, is: skipped } }\n';
    const runbook = await only(two("{ pid: '{{who}}', table: orders }", more), 'caller');
    expect(bindRunbook(runbook, { who: '7' })).toMatchObject({
      steps: [
        { name: 'first', input: { pid: 7 } },
        {
          name: 'do › one',
          input: { pid: 7, table: 'orders' },
          skipped: false,
          conditions: [{ step: 1, is: 'failed' }],
        },
        { name: 'last', conditions: [{ step: 2, is: 'skipped' }] },
      ],
    });
  });

  it.each([
    ['{ }', 'steps.1.with.params.pid: found nothing for sure, expected `pid`, which good needs'],
    ['{ pidd: 1 }', 'steps.1.with.params.pidd: found `pidd`, expected a parameter of good: `pid`'],
    ['{ pid: many }', "steps.1.with.params.pid: found `many`, expected a session's pid"],
    ["{ pid: '{{relation}}' }", "steps.1.with.params.pid: found a table, expected a session's pid"],
    ["{ pid: 1, table: '{{nope}}' }", 'steps.1.with.params.table: found `nope`, expected the parameter'],
  ])('is told what does not fit: %s', async (params, mistake) => {
    expect((await mistakesOf(two(params))).join('\n')).toContain(mistake);
  });

  it('is told by which calls it comes back', async () => {
    const back = withSteps(
      '  - { name: back, kind: runbook, with: { runbook: caller, params: { who: 1 } } }\n',
    );
    expect((await mistakesOf({ ...two('{ pid: 1 }'), 'good.yml': back })).join('\n')).toContain(
      'found `caller` → `good` → `caller`, expected a runbook that does not come back here',
    );
  });
});

describe('folders of runbooks', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firebreak-runbooks-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('tell every mistake of every file at once', async () => {
    await writeFile(join(folder, 'one.yml'), GOOD);
    await writeFile(join(folder, 'two.yml'), 'title: Two\n');
    await expect(loadRunbooks(folder, kinds)).rejects.toMatchObject({
      code: 'RUNBOOK_WRONG',
      message: expect.stringMatching(
        /one\.yml:1:7 name[^]*two\.yml:\d+:\d+ name[^]*two\.yml:\d+:\d+ steps/,
      ) as string,
    });
  });

  it('may hold one of the same name: the later one counts', async () => {
    await mkdir(join(folder, 'own'));
    await writeFile(join(folder, 'good.yml'), GOOD);
    await writeFile(join(folder, 'own', 'good.yml'), GOOD.replace('It is good.', 'Ours.'));
    const runbooks = await loadRunbooks([folder, join(folder, 'own')], kinds);
    expect([...runbooks.values()].map(({ summary }) => summary)).toEqual(['Ours.']);
  });
});
