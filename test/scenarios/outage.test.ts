/** The order-status outage from its first failing query to the postmortem, through the code of `firebreak demo`. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRUTH_SOURCE_SQL } from '../../sandbox/story/queries.ts';
import { storyOf } from '../../sandbox/story/seed.ts';
import { type OutageClock, playDemo, type Stage } from '../../src/cli/demo.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const A_STORY_MS = 90_000;
const HEADINGS = [
  '## 1. Incident Summary',
  '## 2. Impact',
  '## 3. Root Cause Analysis',
  '## 4. Incident Response',
  '## 5. What Went Well',
  '## 6. What Went Wrong',
  '## 7. Action Items and Recommendations',
  '## 8. Lessons Learned',
  '## 9. Conclusion',
];

let databases: { readonly store: TestDatabase; readonly shop: TestDatabase };
let out: string;
let printed: string[];
beforeEach(async () => {
  databases = { store: await createTestDatabase(), shop: await createTestDatabase('empty') };
  out = await mkdtemp(join(tmpdir(), 'firebreak-scenario-'));
  printed = [];
});
afterEach(async () => {
  await databases.store.drop();
  await databases.shop.drop();
  await rm(out, { recursive: true });
});

const stage = (more: Partial<Stage> & { sourceSql?: string } = {}): Stage => {
  const { sourceSql, ...parts } = more;
  const { store, shop } = databases;
  return {
    print: (line) => printed.push(line),
    world: {
      orders: 3000,
      databases: { storeUrl: store.url, shopUrl: shop.url, roleSuffix: `_${shop.name}` },
      ...(sourceSql === undefined ? {} : { sourceSql }),
    },
    ...parts,
  };
};

const play = (seed: number, more?: Parameters<typeof stage>[0]): Promise<OutageClock> =>
  playDemo({ out, seed, pace: 'fast' }, stage(more));

const written = (file: string): Promise<string> => readFile(join(out, file), 'utf8');

/** Four seeds in a row show all four forms of the break. */
describe.each([1, 2, 3, 4].map((seed) => ({ seed, form: storyOf(seed).form })))(
  'the outage of seed $seed ($form)',
  ({ seed }) => {
    it(
      'ends with every row right, and its postmortem falls out of the record',
      async () => {
        const clock = await play(seed);

        expect(printed.join('\n')).toMatch(/\d{4} rows compared with the hidden truth, 0 wrong\n/);
        const order = [
          clock.detected_s,
          clock.declared_s,
          clock.acknowledged_s,
          clock.first_diagnosis_s,
          clock.mitigated_s,
          clock.resolved_s,
        ];
        expect(order).not.toContain(null);
        expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)));
        expect(JSON.parse(await written('clock.json'))).toEqual({ seed, pace: 'fast', ...clock });

        const postmortem = await written('postmortem.md');
        expect(postmortem.match(/^## .*/gm)).toEqual(HEADINGS);
        expectRun(postmortem, 2, /Roll back .* stopped after/, 'Stopped with `LOCK_TIMEOUT`');
        expectRun(postmortem, 3, /Blocked queries .* done after/, 'is gone');
        expectRun(postmortem, 4, /Roll back .* done after/, 'Rolled back');
        expectRun(postmortem, 5, /Repair order_status .* done after/, /Restored \d+ rows of order_status/);
        expect(postmortem).toContain('| Time (UTC) | Event | Who | Link |');
        expect(postmortem).toMatch(/^\| 1 \| test every migration .* \| dba \| \d{4}-\d\d-\d\d \| open \|$/m);
        expect(postmortem).toMatch(/^\| 2 \| alert on sessions .* \| oncall \| \d{4}-\d\d-\d\d \| open \|$/m);

        const timeline = JSON.parse(await written('timeline.json')) as readonly { seq: number }[];
        expect(timeline.map((entry) => entry.seq).sort((a, b) => a - b)).toEqual(
          timeline.map((_, i) => i + 1),
        );
        expect(printed.join('\n')).not.toMatch(/<@|<#|&(lt|gt|amp);|:[a-z_]+: /);
      },
      A_STORY_MS,
    );
  },
);

/** The run's part of the postmortem names who asked, who said yes, and to which plan. */
function expectRun(postmortem: string, run: number, head: RegExp, said: string | RegExp): void {
  const [, from = ''] = postmortem.split(new RegExp(`^(?=- Run ${run}, )`, 'm'));
  const [part = ''] = from.split(/^(?=- Run (?!\d+ )|### )/m).filter((each) => each !== '');
  const [first = ''] = part.split('\n');
  expect(first).toMatch(head);
  expect(part).toMatch(
    /Requested by oncall at [\d:]+ UTC; approved by dba at [\d:]+ UTC for plan hash `[0-9a-f]{64}`/,
  );
  if (typeof said === 'string') expect(part).toContain(said);
  else expect(part).toMatch(said);
}

describe('a story that does not end well', () => {
  it(
    'fails when the repair puts wrong values in place, and counts them',
    async () => {
      const sourceSql = `select order_id, status, 'nobody' as carrier, tracking_code, eta from (${TRUTH_SOURCE_SQL}) as t`;
      await expect(play(2, { sourceSql })).rejects.toMatchObject({
        code: 'DEMO_FAILED',
        message: expect.stringMatching(/^The story did not end well: [1-9]\d* rows are wrong/) as string,
      });
      expect(printed.join('\n')).toMatch(/expected \(.*\), found \(.*nobody.*\)/);
      expect(await readdir(out)).toContain('postmortem.md');
    },
    A_STORY_MS,
  );

  it('says why it broke off, and leaves the record so far', async () => {
    const print = (line: string): void => {
      printed.push(line);
      if (line.includes('Status is now identified')) throw new Error('waited 45 s for a friend, in vain');
    };
    await expect(play(1, { print })).rejects.toMatchObject({
      code: 'DEMO_BROKE',
      message: 'The story broke off: waited 45 s for a friend, in vain.',
    });
    expect(await written('postmortem.md')).toContain(HEADINGS[0]);
    expect(JSON.parse(await written('clock.json'))).toMatchObject({ resolved_s: null });
  });

  it('ends where it is when it is interrupted', async () => {
    const interrupt = new AbortController();
    const print = (line: string): void => {
      printed.push(line);
      if (line.includes('queries fail')) interrupt.abort(new Error('enough'));
    };
    await expect(play(3, { print, signal: interrupt.signal })).rejects.toThrow();
    expect(interrupt.signal.aborted).toBe(true);
    expect(await readdir(out)).toEqual([]);
  });
});
