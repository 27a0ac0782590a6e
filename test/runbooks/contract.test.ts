import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps } from '../../src/runbooks/step.ts';
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
    const does = kind.risk === 'dangerous' ? ['plan', 'execute', 'resolve'] : ['run'];
    for (const act of does) expect(kind).toHaveProperty(act, expect.any(Function));
  });

  it.each([...steps.values()])('$name refuses an input it does not know', async (kind) => {
    const context = undefined as never;
    const input = { no_such_key: 1 };
    const act = kind.risk === 'dangerous' ? kind.plan(context, input) : kind.run(context, input);
    await expect(act).rejects.toThrow('no_such_key');
  });
});

describe('the runbooks that are shipped', () => {
  it('are these', () => {
    expect([...runbooks.keys()]).toEqual([
      'blocked-queries',
      'corruption-check',
      'first-five-minutes',
      'migration-rollback',
      'table-repair',
    ]);
  });

  it.each([...runbooks.values()])('$name looks from outside after it changed something', ({ steps: all }) => {
    const dangerous = all.findIndex(({ risk }) => risk === 'dangerous');
    if (dangerous >= 0) expect(all.slice(dangerous + 1).map(({ kind }) => kind)).toContain('probe');
  });
});
