import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flatSteps } from '../../src/domain/runbook.ts';
import { loadRunbooks, readRunbooks } from '../../src/runbooks/load.ts';
import { jsonSchema } from '../../src/runbooks/schema.ts';
import { isCall, loadSteps, runnable } from '../../src/runbooks/step.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';

const steps = await loadSteps();
const runbooks = await loadRunbooks(join(PACKAGE_ROOT, 'runbooks'), steps);

describe('every step kind', () => {
  it('is there', async () => {
    const files = await readdir(join(PACKAGE_ROOT, 'src', 'runbooks', 'steps'));
    expect([...steps.keys()]).toEqual(files.sort().map((file) => file.replace('.ts', '')));
  });

  it.each([...steps.values()])('$name keeps the contract', (kind) => {
    expect(kind.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(kind.dryRun).toMatch(/^[A-Z].*\.$/);
    expect(kind.input.safeParse({ no_such_key: 1 }).success).toBe(false);
    if (isCall(kind)) return;
    const does = kind.risk === 'dangerous' ? ['plan', 'execute', 'resolve'] : ['run'];
    for (const act of does) expect(kind).toHaveProperty(act, expect.any(Function));
  });

  it.each([...runnable(steps).values()])('$name refuses an input it does not know', async (kind) => {
    const context = undefined as never;
    const input = { no_such_key: 1 };
    const act = kind.risk === 'dangerous' ? kind.plan(context, input) : kind.run(context, input);
    await expect(act).rejects.toThrow('no_such_key');
  });
});

describe('the runbooks that are shipped', () => {
  it('are these', () => {
    expect([...runbooks.keys()]).toEqual([
      'bad-deploy',
      'blocked-queries',
      'check',
      'connections-exhausted',
      'corruption-check',
      'disk-filling',
      'drop-snapshot',
      'first-five-minutes',
      'migration-rollback',
      'replication-lag',
      'restore-snapshot',
      'table-repair',
      'watch',
    ]);
  });

  it.each([...runbooks.values()])('$name looks from outside after it changed something', (runbook) => {
    const all = flatSteps(runbook);
    const dangerous = all.findIndex(({ risk }) => risk === 'dangerous');
    if (dangerous >= 0) expect(all.slice(dangerous + 1).map(({ kind }) => kind)).toContain('probe');
  });
});

describe('what is written about runbooks', () => {
  it('names every step kind, with its risk, in the table of runbooks/README.md', async () => {
    const page = await readFile(join(PACKAGE_ROOT, 'runbooks', 'README.md'), 'utf8');
    const table = page.slice(page.indexOf('| kind '));
    const rows = [...table.matchAll(/^\| `([a-z-]+)` +\| ([a-z ]+?) +\|/gm)].map(([, kind, risk]) => [
      kind,
      risk,
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries([...steps.values()].map((kind) => [kind.name, kind.risk])),
    );
  });

  it('is the schema that editors read; `npm run docs` writes it', async () => {
    const written = await readFile(join(PACKAGE_ROOT, 'runbooks', 'schema.json'), 'utf8');
    expect(written).toBe(jsonSchema(steps));
  });

  it.each([...runbooks.keys()])('names that schema in %s', async (name) => {
    const text = await readFile(join(PACKAGE_ROOT, 'runbooks', `${name}.yml`), 'utf8');
    expect(text.split('\n', 1)).toEqual(['# yaml-language-server: $schema=./schema.json']);
  });

  it('has an example without a mistake', async () => {
    const page = await readFile(join(PACKAGE_ROOT, 'runbooks', 'README.md'), 'utf8');
    const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';
    const shipped = 'first-five-minutes.yml';
    const text = await readFile(join(PACKAGE_ROOT, 'runbooks', shipped), 'utf8');
    const { mistakes, runbooks: read } = await readRunbooks(
      { 'calm-down.yml': example, [shipped]: text },
      steps,
    );
    expect(mistakes).toEqual([]);
    expect(read.has('calm-down')).toBe(true);
  });
});
