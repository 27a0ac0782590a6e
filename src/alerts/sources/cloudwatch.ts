/** CloudWatch alarms, through an SNS topic that is subscribed to over HTTPS. */
import { z } from 'zod';
import { outbound } from '../../outbound.ts';
import { refusal } from '../answers.ts';
import { readJson } from '../bodies.ts';
import { instant, labelsOf, times } from '../reading.ts';
import { confirmSubscription, type Get, SnsMessage, snsSignature } from '../sns.ts';
import { type AlertSource, defineAlertSource, type Told } from '../source.ts';

const Alarm = z.object({
  AlarmName: z.string().min(1),
  AlarmDescription: z.string().nullish(),
  AlarmArn: z.string().nullish(),
  AWSAccountId: z.string().nullish(),
  Region: z.string().nullish(),
  NewStateValue: z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']),
  NewStateReason: z.string().nullish(),
  StateChangeTime: z.string().nullish(),
  /** A composite alarm has none. */
  Trigger: z
    .object({
      MetricName: z.string().nullish(),
      Namespace: z.string().nullish(),
      Dimensions: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
    })
    .nullish(),
});
type Alarm = z.infer<typeof Alarm>;

const EXPECTS =
  'Subscribe this URL to the SNS topic that CloudWatch alarms notify, without raw message delivery.';

/** The alarm is JSON in a text in JSON; a confirmation has none. */
const Webhook = SnsMessage.transform((sns, context) => {
  if (sns.Type !== 'Notification') return { sns };
  const inner = readJson(Buffer.from(sns.Message), EXPECTS);
  const parsed = Alarm.safeParse(inner.ok ? inner.json : undefined);
  if (parsed.success) return { sns, alarm: parsed.data };
  for (const { path, message } of parsed.error.issues)
    context.addIssue({ code: 'custom', path: ['Message', ...path], message });
  return z.NEVER;
});

type Webhook = z.infer<typeof Webhook>;

/** The source; `get` fetches certificates and confirmations. */
export const cloudwatch = (get: Get): AlertSource<Webhook> =>
  defineAlertSource({
    name: 'cloudwatch',
    signature: snsSignature(EXPECTS, get),
    expects: EXPECTS,
    schema: Webhook,
    deliveryId: ({ sns }) => sns.MessageId,
    async asked({ sns }, { proof }) {
      if (sns.Type !== 'SubscriptionConfirmation') return undefined;
      return proof === 'signature' ? confirmSubscription(sns, get) : UNSIGNED;
    },
    alerts: ({ alarm }) => (alarm ? [toldBy(alarm)] : []),
  });

export default cloudwatch(outbound);

const UNSIGNED = refusal(401, 'A subscription is confirmed only when SNS asks for it, signed.', EXPECTS);

function toldBy(alarm: Alarm): Told {
  // INSUFFICIENT_DATA comes only when somebody wanted to be told of it.
  const state = alarm.NewStateValue === 'OK' ? 'resolved' : 'firing';
  const at = instant(alarm.StateChangeTime);
  const { AlarmName: name, AlarmArn: arn, Trigger: trigger } = alarm;
  return {
    fingerprint: arn ?? [alarm.AWSAccountId, alarm.Region, name].join(':'),
    state,
    title: alarm.NewStateValue === 'INSUFFICIENT_DATA' ? `${name}: insufficient data` : name,
    text: [alarm.AlarmDescription, alarm.NewStateReason].filter(Boolean).join('\n'),
    labels: labelsOf({
      alarm: name,
      account: alarm.AWSAccountId,
      region: alarm.Region,
      namespace: trigger?.Namespace,
      metric: trigger?.MetricName,
      ...Object.fromEntries((trigger?.Dimensions ?? []).map(({ name: key, value }) => [key, value])),
    }),
    // The title changes with the state.
    group: name,
    link: linkOf(arn ?? '', name),
    ...times(state, state === 'firing' ? at : undefined, at),
  };
}

/** The alarm in the console; in other partitions than `aws` it has another address. */
function linkOf(arn: string, name: string): string {
  const [, partition, , region = ''] = arn.split(':');
  return partition === 'aws'
    ? `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(name)}`
    : '';
}
