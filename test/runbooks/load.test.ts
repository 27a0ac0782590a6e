import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadRunbooks, readRunbook } from '../../src/runbooks/load.ts';
import { defineStep } from '../../src/runbooks/step.ts';

const nothing = (): Promise<never> => Promise.reject(new Error('not run in this test'));
const look = defineStep({
  kind: 'look',
  risk: 'read',
  dryRun: 'It only reads.',
  input: z.strictObject({ table: z.string().optional(), pid: z.number().optional() }),
  run: nothing,
});
const kinds = new Map([['look', look]]);

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

describe('a runbook', () => {
  it('is read from its file', () => {
    expect(readRunbook('good.yml', GOOD, kinds)).toMatchObject({
      mistakes: [],
      runbook: {
        name: 'good',
        params: { pid: { type: 'session', required: true }, table: { required: false } },
        steps: [{ name: 'one', risk: 'read', when: 'table' }],
      },
    });
  });

  it.each([
    ['name: other\n', 'good.yml:1:7 name: found `other`, expected the file'],
    ['steps: []\n', 'steps: found a collection, expected at least one step'],
    ['  - { name: x, kind: lock }\n', 'steps.0.kind: found `lock`, expected one of look'],
    [
      '  - { name: x, kind: look, when: who }\n',
      'steps.0.when: found `who`, expected one of the parameters pid, table',
    ],
    [
      "  - { name: x, kind: look, with: { table: '{{who}}' } }\n",
      'steps.0.with.table: found `who`, expected one of',
    ],
    [
      "  - { name: x, kind: look, with: { table: 'a {{table}}' } }\n",
      'expected `{{param}}` as the whole value',
    ],
    [
      "  - { name: x, kind: look, with: { pid: '{{table}}' } }\n",
      'steps.0.with.pid: found an input that does not fit',
    ],
    [
      '  - { name: x, kind: look, with: { size: 1 } }\n',
      'steps.0.with: found an input that does not fit its kind',
    ],
    ['  - { name: x, kind: look, if: table }\n', 'steps.0.if: found `if`, expected no such key'],
  ])('is told what is wrong with it: %s', (lines, mistake) => {
    const text = lines.startsWith('name')
      ? GOOD.replace('name: good\n', lines)
      : lines.startsWith('steps')
        ? GOOD.replace(/steps:[^]*/, lines)
        : GOOD.replace(/steps:\n[^]*/, `steps:\n${lines}`);
    const { mistakes, runbook } = readRunbook('good.yml', text, kinds);
    expect(mistakes.join('\n')).toContain(mistake);
    expect(mistakes.every((line) => /^good\.yml:\d+:\d+ /.test(line))).toBe(true);
    expect(runbook).toBeUndefined();
  });

  it('may not take `target` away from the run', () => {
    const text = GOOD.replace('table: { type: table,', 'target: { type: table,').replace(
      / *when: table\n/,
      '',
    );
    expect(readRunbook('good.yml', text, kinds).mistakes.join()).toContain('every runbook takes `target`');
  });

  it('that is no YAML says where', () => {
    expect(readRunbook('bad.yml', 'name: [\n', kinds).mistakes.join()).toMatch(/^bad\.yml:\d+:\d+ /);
  });
});

describe('a folder of runbooks', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firebreak-runbooks-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('tells every mistake of every file at once', async () => {
    await writeFile(join(folder, 'one.yml'), GOOD);
    await writeFile(join(folder, 'two.yml'), 'title: Two\n');
    await expect(loadRunbooks(folder, kinds)).rejects.toMatchObject({
      code: 'RUNBOOK_WRONG',
      message: expect.stringMatching(
        /one\.yml:1:7 name[^]*two\.yml:\d+:\d+ name[^]*two\.yml:\d+:\d+ steps/,
      ) as string,
    });
  });
});
