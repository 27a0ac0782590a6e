/** One source behind the real receiver, and what it handed over. */
import { createHmac } from 'node:crypto';
import { alertEntrances } from '../../../src/alerts/alerts.ts';
import type { AlertSource } from '../../../src/alerts/source.ts';
import type { Alert, AlertDelivery } from '../../../src/domain/alert.ts';
import { type Answered, startReceiver, type TestReceiver } from '../../support/receiver.ts';

const SECRET = 'of-this-source';
export const NOW = new Date('2026-03-02T14:00:00Z');

export interface TestSource extends TestReceiver {
  readonly deliveries: AlertDelivery[];
  /** Posts it, with a bearer token unless `headers` are given. */
  send(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** What it made of a body that it took. */
  read(body: unknown): Promise<readonly Alert[]>;
}

/** The store's part is played by a list: the same key is known. */
export async function startSource<Body>(source: AlertSource<Body>, own = SECRET): Promise<TestSource> {
  const deliveries: AlertDelivery[] = [];
  const entrances = alertEntrances([source as AlertSource], (delivery) => {
    const known = deliveries.some(({ key }) => key === delivery.key);
    if (!known) deliveries.push(delivery);
    return Promise.resolve({ known });
  });
  const receiver = await startReceiver(entrances, { secrets: { [source.name]: own }, now: () => NOW });
  const send: TestSource['send'] = (body, headers) =>
    receiver.post(`/alerts/${source.name}`, typeof body === 'string' ? body : JSON.stringify(body), headers);
  return {
    ...receiver,
    deliveries,
    send,
    async read(body) {
      const answer = await send(body);
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return deliveries.at(-1)?.alerts ?? [];
    },
  };
}

/** HMAC-SHA256 in hex. */
export const hmac = (text: string, secret = SECRET): string =>
  createHmac('sha256', secret).update(text).digest('hex');

export const BEARER = { authorization: `Bearer ${SECRET}` };
