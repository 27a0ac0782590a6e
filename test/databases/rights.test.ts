import { type Rights, readRights, refuseUnsafeDiag } from '../../src/databases/rights.ts';
import { openTarget } from '../../src/databases/target.ts';
import { createShop, type Shop } from './shop.ts';

describe('the rights of a diag role', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  async function rightsOf(url: string): Promise<Rights> {
    const target = openTarget({ ...shop.config, urls: { diag: url } });
    try {
      return await readRights(target);
    } finally {
      await target.close();
    }
  }
  const foundOf = async (url: string) => (await rightsOf(url)).excess.map(({ found }) => found);
  const found = () => foundOf(shop.config.urls.diag);

  it('are fine when it only reads', async () => {
    expect(await readRights(shop.target)).toEqual({ role: shop.roles.diag, excess: [], seesEveryRow: false });
    expect(await refuseUnsafeDiag(shop.target)).toBeUndefined();
  });

  it('of a superuser are told as that alone', async () => {
    expect(await foundOf(shop.database.url)).toEqual(['is a superuser, or may become one']);
  });

  it('of an owner name what it owns and may create', async () => {
    expect(await foundOf(shop.config.urls.ddl ?? '')).toEqual([
      'owns public.order_events, public.order_status, public.orders and more',
      'may create tables in public',
      'may create schemas',
    ]);
  });

  it.each([
    ['a whole table', 'grant insert on orders', 'may write public.orders'],
    ['a column', 'grant update (status) on order_status', 'may write public.order_status'],
  ])('tell that it may write %s, with what to revoke', async (_, grant, words) => {
    await shop.query(`${grant} to ${shop.roles.diag}`);
    const refusal = await refuseUnsafeDiag(shop.target);
    expect(refusal).toMatchObject({
      code: 'DIAG_MAY_WRITE',
      values: { target: 'shop', role: shop.roles.diag, found: words },
    });
    await shop.query(String(refusal?.values['fix']));
    expect(await found()).toEqual([]);
  });

  it('count everybody’s rights, and those of a role that it could become', async () => {
    await shop.query('grant delete on "orders" to public');
    expect(await found()).toEqual(['may write public.orders']);
    await shop.query('revoke delete on orders from public');
    await shop.query(
      `alter role ${shop.roles.diag} noinherit; grant ${shop.roles.owner} to ${shop.roles.diag}`,
    );
    expect(await found()).toContain('may create schemas');
    await shop.query(`alter role ${shop.roles.owner} bypassrls replication`);
    expect(await found()).toContain('may replicate');
    expect(await readRights(shop.target)).toMatchObject({ seesEveryRow: true });
    await shop.query(`revoke ${shop.roles.owner} from ${shop.roles.diag}`);
    await shop.query(`grant pg_signal_backend to ${shop.roles.diag}`);
    expect(await found()).toEqual(['is a member of pg_signal_backend']);
  });
});
