/** Copies that are larger than allowed, or than the disk bears, need an explicit yes; the plan says what is known. */
import { planExecute, planSnapshot } from '../../src/databases/execute.ts';
import { planRollback } from '../../src/databases/rollback.ts';
import { openTarget, type TargetConfig } from '../../src/databases/target.ts';
import { BAD, captured, createShop, type Shop } from './shop.ts';

describe('the room for a copy', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
    await shop.apply(BAD);
  });
  afterAll(() => shop.close());

  const snapshotSchema = 'firebreak_1';
  /** One after the other with settings of their own: rollback, db-execute, snapshot. */
  async function plans(snapshot: Partial<TargetConfig['snapshot']>, large = false) {
    const target = openTarget({ ...shop.config, snapshot: { maxLockSeconds: 5, ...snapshot } });
    try {
      return [
        await planRollback(target, { migration: BAD.name, captured: [BAD], snapshotSchema, large }),
        await planExecute(target, { sql: 'update orders set total_cents = 0', snapshotSchema, large }),
        await planSnapshot(target, { table: 'orders', snapshotSchema, large }),
      ];
    } finally {
      await target.close();
    }
  }
  const words = (all: Awaited<ReturnType<typeof plans>>): string[] =>
    all.map((it) => (it.ok ? it.plan.summary.join('\n') : it.code));
  const all = (code: string): string[] => [code, code, code];
  const each = (text: string): unknown => all(text).map((it) => expect.stringContaining(it) as unknown);

  it('is refused above snapshot.max_bytes, and with `large` said in the plan', async () => {
    expect(words(await plans({ maxBytes: 1000 }))).toEqual(all('SNAPSHOT_TOO_LARGE'));
    expect(words(await plans({ maxBytes: 1000 }, true))).toEqual(
      each('snapshot.max_bytes: `large` was said'),
    );
    expect(words(await plans({ maxBytes: 10 ** 9 }))).not.toEqual(each('`large` was said'));
  });

  it('is looked up by the query of the target, and refused with less free than twice the copy', async () => {
    const freeDisk = 'select 10240.0 as free';
    const [first] = await plans({ freeDisk });
    expect(first).toMatchObject({ code: 'SNAPSHOT_NO_ROOM', values: { free: '0 MB' } });
    expect(words(await plans({ freeDisk }, true))).toEqual(each('LESS FREE THAN TWICE'));
    expect(words(await plans({ freeDisk: 'select 5 * 1024 ^ 3' }))).toEqual(each('free disk: 5 GB.'));
  });

  it.each([
    [undefined, 'names no query'],
    ['select 1 as a, 2 as b', 'did not answer one number'],
    [`select 'much'`, 'did not answer one number'],
    ['select null::int', 'did not answer one number'],
    ['select 1 from nowhere', 'relation "nowhere" does not exist'],
    ['create table x (id int)', 'read-only transaction'],
  ])('is unknown when %p answers', async (freeDisk, found) => {
    const more = freeDisk === undefined ? {} : { freeDisk };
    expect(words(await plans(more))).toEqual(each(`free disk: unknown (`));
    expect(words(await plans(more))).toEqual(each(found));
  });

  it('is no matter when nothing is copied', async () => {
    const made = captured('made', 'create type mood as enum ()', 'drop type mood');
    await shop.apply(made);
    const target = openTarget({ ...shop.config, snapshot: { maxLockSeconds: 5, maxBytes: 1 } });
    const it = await planRollback(target, { migration: 'made', captured: [made], snapshotSchema });
    await target.close();
    expect(words([it])[0]).not.toContain('free disk');
  });
});
