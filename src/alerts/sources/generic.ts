/** Whatever else can send JSON: a bearer token, or the signature that Firebreak's own webhooks have. */
import { z } from 'zod';
import { hmacSignature } from '../hmac.ts';
import { instant, times } from '../reading.ts';
import { sha256 } from '../sha256.ts';
import { defineAlertSource, type Told } from '../source.ts';

const optional = z.string().nullish();
const time = optional.refine(
  (given) => !given || instant(given) !== undefined,
  'a time in ISO 8601, for example 2026-01-05T14:02:00Z',
);

const GivenAlert = z.object({
  title: z.string().min(1),
  fingerprint: optional,
  state: z.enum(['firing', 'resolved']).default('firing'),
  service: optional,
  severity: optional,
  text: optional,
  labels: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
  group: optional,
  starts_at: time,
  ends_at: time,
  link: optional,
});
type GivenAlert = z.infer<typeof GivenAlert>;

const Several = z.object({ delivery: optional, alerts: z.array(GivenAlert) });

/** One alert may stand alone. */
const Body = z.preprocess((given) => {
  const alone = typeof given === 'object' && given !== null && !Array.isArray(given) && !('alerts' in given);
  return alone ? { delivery: (given as { delivery?: unknown }).delivery, alerts: [given] } : given;
}, Several);

export default defineAlertSource({
  name: 'generic',
  signature: hmacSignature({
    header: 'x-firebreak-signature',
    prefix: 'v1=',
    time: { header: 'x-firebreak-timestamp', separator: '.', presence: 'required' },
  }),
  expects:
    'Send {alerts: [{title, state?, fingerprint?, service?, severity?, text?, labels?, group?, starts_at?, ends_at?, link?}]}, or one such alert.',
  schema: Body,
  deliveryId: ({ delivery }) => delivery ?? undefined,
  alerts: ({ alerts }) => alerts.map(toldBy),
});

const toldBy = (given: GivenAlert): Told => ({
  fingerprint: given.fingerprint || fingerprintOf(given),
  state: given.state,
  title: given.title,
  text: given.text ?? '',
  severity: given.severity ?? '',
  service: given.service ?? '',
  labels: given.labels,
  group: given.group ?? '',
  link: given.link ?? '',
  ...times(given.state, instant(given.starts_at), instant(given.ends_at)),
});

function fingerprintOf({ title, service, labels }: GivenAlert): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([title, service ?? '', sorted]));
}
