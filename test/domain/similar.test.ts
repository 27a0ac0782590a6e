import type { Kind } from '../../src/domain/incident.ts';
import { likelySame } from '../../src/domain/similar.ts';
import { outageIncident } from './record-fixture.ts';

const open = (title: string, id = 7, more: { kind?: Kind; service?: string } = {}) =>
  outageIncident({ id, title, status: 'investigating', ...more });
const isShown = (title: string, of: string): boolean =>
  likelySame({ title, kind: 'incident' }, [open(of)]).length > 0;

describe('two titles of the same trouble', () => {
  test.each([
    ['order status page is down', 'Order status page down!'],
    ['order status page is down', 'cannot see order status'],
    ['order status page is down', 'order statuses are missing'],
    ['checkout is slow', 'checkout slow'],
    ['checkout is slow', 'checkout is down'],
    ['checkout is slow', 'checkout page errors'],
    ['payments failing for EU customers', 'EU payments fail'],
    ['database replica lag on shop', 'replica lag shop'],
    ['login broken', 'users cannot login'],
    ['500s on /api/orders', '/api/orders returns 500'],
    ['5xx spike on checkout', 'checkout 5xx'],
    ['emails are not being sent', 'email not sent'],
    ['search index is stale', 'stale search index since deploy'],
    ['website down', 'the site is down'],
    ['everything is down', 'site down'],
    ['orders missing', 'orders are late'],
    ['shop certificate expired', 'certificate of the shop has expired, apps log out'],
    ['column "status" does not exist', 'column status does not exist in orders'],
    ['Bestellungen fehlen', 'bestellungen fehlen im Shop'],
    ['注文が見えない', '注文が見えない'],
  ])('%j and %j', (one, other) => {
    expect([isShown(one, other), isShown(other, one)]).toEqual([true, true]);
  });
});

describe('two titles of different troubles', () => {
  test.each([
    ['order status page is down', 'payments are down'],
    ['order status page is down', 'login page is down'],
    ['order status page is down', 'status page shows a wrong logo'],
    ['checkout is slow', 'search is slow'],
    ['checkout fails for Visa cards', 'checkout button has the wrong colour on iOS'],
    ['payments failing for EU customers', 'EU customers cannot login'],
    ['database replica lag on shop', 'database disk is full on billing'],
    ['email delivery delayed', 'SMS delivery delayed'],
    ['shop database connections exhausted', 'shop images are missing'],
    ['deploy of cart stuck', 'deploy of billing rolled back'],
    ['high CPU on db-1', 'high memory on web-3'],
    ['it is broken', 'payments are slow'],
    ['API latency', 'API keys leaked'],
    ['site is down', 'checkout is down'],
    ['orders are missing', 'invoices are missing'],
    ['webhooks delayed', 'emails delayed'],
  ])('%j and %j', (one, other) => {
    expect([isShown(one, other), isShown(other, one)]).toEqual([false, false]);
  });
});

describe('what is shown', () => {
  test('is the most similar first', () => {
    const all = [open('order export is late', 1), open('order status page', 2), open('order status', 3)];
    const found = likelySame({ title: 'order status page of shop', kind: 'incident' }, all);
    expect(found.map(({ id }) => id)).toEqual([2, 3]);
  });

  test('is what concerns the same service, whatever its title', () => {
    const all = [open('something else', 1, { service: 'checkout' }), open('other', 2, { service: 'search' })];
    const found = likelySame({ title: 'it is slow', kind: 'incident', service: 'checkout' }, all);
    expect(found.map(({ id }) => id)).toEqual([1]);
  });

  test('is no drill for an incident, and no incident for a drill', () => {
    const drill = open('checkout is slow', 1, { kind: 'drill' });
    expect(likelySame({ title: 'checkout is slow', kind: 'incident' }, [drill])).toEqual([]);
    expect(likelySame({ title: 'checkout is slow', kind: 'drill' }, [drill])).toHaveLength(1);
  });

  test('is nothing for a title without words', () => {
    expect(isShown('!!!', '???')).toBe(false);
    expect(isShown('', 'checkout is slow')).toBe(false);
  });
});
