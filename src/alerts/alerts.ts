/** `POST /alerts/<source>`: what a source sends, read by its own file, cleaned, and handed over once. */
import type { AlertDelivery } from '../domain/alert.ts';
import { storable } from '../domain/storable.ts';
import { type Answer, refusal } from './answers.ts';
import { wrongShape } from './bodies.ts';
import { cleaned } from './cleaned.ts';
import type { Entrance, Incoming } from './entrance.ts';
import { sha256 } from './sha256.ts';
import type { AlertSource } from './source.ts';

/** Keeps a delivery; `known` when it was here before and has changed nothing. */
export type TakeAlerts = (delivery: AlertDelivery) => Promise<{ readonly known: boolean }>;

/** One entrance a source, by its path. */
export const alertEntrances = (
  sources: readonly AlertSource[],
  takeAlerts: TakeAlerts,
): Readonly<Record<string, () => Entrance>> =>
  Object.fromEntries(
    sources.map((source) => {
      const entrance = alertEntrance(source, takeAlerts);
      return [`/alerts/${source.name}`, () => entrance];
    }),
  );

function alertEntrance(source: AlertSource, takeAlerts: TakeAlerts): Entrance {
  const { name, signature, expects } = source;
  const take: Entrance['take'] = (json, incoming) => receive(json, incoming, source, takeAlerts);
  return signature ? { name, signature, expects, take } : { name, expects, take };
}

async function receive(
  json: unknown,
  incoming: Incoming,
  source: AlertSource,
  takeAlerts: TakeAlerts,
): Promise<Answer> {
  const parsed = source.schema.safeParse(json);
  if (!parsed.success) return wrongShape(parsed.error, source.expects);
  const answered = await source.asked?.(parsed.data, incoming);
  if (answered) return answered;
  const told = source.alerts(parsed.data);
  if (told.length > MOST_ALERTS) return tooMany(told.length);
  if (told.length === 0) return taken('There was no alert in it.', 0);
  const alerts = told.map((alert) => cleaned({ ...alert, source: source.name }));
  const { isSignedTime, ...key } = keyOf(parsed.data, incoming, source);
  const { known } = await takeAlerts({ source: source.name, ...key, alerts });
  if (!known) return taken('Taken.', alerts.length);
  if (isSignedTime) return REPLAYED;
  return { ...taken('It was here before, and has changed nothing.', alerts.length), outcome: 'known' };
}

const MOST_ALERTS = 2000;

const tooMany = (found: number): Answer =>
  refusal(
    413,
    `There are ${found} alerts in it; ${MOST_ALERTS} are taken at once.`,
    'Send it in several requests.',
  );

const taken = (message: string, alerts: number): Answer => ({
  status: 200,
  body: { ok: true, message, alerts },
});

const REPLAYED = refusal(
  409,
  'The same request, signed at the same time, was taken before: it may be a replay.',
  'Nothing is lost. Sign each attempt anew.',
);

function keyOf(
  body: unknown,
  incoming: Incoming,
  { deliveryId, signature }: AlertSource,
): Pick<AlertDelivery, 'key' | 'hasId'> & { readonly isSignedTime: boolean } {
  const own = deliveryId?.(body);
  const id = own ?? signedAs(incoming, signature?.time);
  if (id === undefined) return { key: sha256(incoming.body), hasId: false, isSignedTime: false };
  const key = id.length > 200 || storable(id) !== id ? sha256(id) : id;
  return { key, hasId: true, isSignedTime: own === undefined && incoming.proof === 'signature' };
}

/** What is signed with its time is never signed so again: whoever recorded it cannot turn anything back with it. */
function signedAs({ headers, body }: Incoming, time: string | undefined): string | undefined {
  const signedAt = time === undefined ? undefined : headers[time];
  return signedAt === undefined ? undefined : `${String(signedAt)} ${sha256(body)}`;
}
