import { sign } from 'node:crypto';
import { isOfSns } from '../../../src/alerts/sns.ts';
import { cloudwatch } from '../../../src/alerts/sources/cloudwatch.ts';
import { selfSigned } from '../../support/certificate.ts';
import type { Answered } from '../../support/receiver.ts';
import { BEARER, NOW, startSource, type TestSource } from './support.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alarms';
const CERTIFICATE = 'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem';
const SUBSCRIBE = `https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=23`;

const alarm = {
  AlarmName: 'orders db: CPU',
  AlarmDescription: 'The database of orders is busy.',
  AWSAccountId: '123456789012',
  AlarmConfigurationUpdatedTimestamp: '2026-02-02T13:54:03.000+0000',
  NewStateValue: 'ALARM',
  NewStateReason: 'Threshold Crossed: 1 datapoint [97.0] was greater than the threshold (90.0).',
  StateChangeTime: '2026-03-02T13:54:03.744+0000',
  Region: 'EU (Frankfurt)',
  AlarmArn: 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:orders db: CPU',
  OldStateValue: 'OK',
  OKActions: [TOPIC],
  AlarmActions: [TOPIC],
  InsufficientDataActions: [],
  Trigger: {
    MetricName: 'CPUUtilization',
    Namespace: 'AWS/RDS',
    StatisticType: 'Statistic',
    Statistic: 'AVERAGE',
    Unit: null,
    Dimensions: [{ value: 'orders-db', name: 'DBInstanceIdentifier' }],
    Period: 60,
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    Threshold: 90.0,
    TreatMissingData: 'missing',
  },
};

type Message = Readonly<Record<string, string>>;

describe('CloudWatch', () => {
  const amazon = selfSigned();
  const stranger = selfSigned();
  let source: TestSource;
  let fetched: string[];
  beforeEach(async () => {
    fetched = [];
    const get = (url: string): Promise<Response> => {
      fetched.push(url);
      if (url.endsWith('.pem')) return Promise.resolve(new Response(amazon.pem));
      return Promise.resolve(new Response('<ConfirmSubscriptionResponse/>'));
    };
    source = await startSource(cloudwatch(get), TOPIC);
  });
  afterEach(() => source.stop());

  const signed = (message: Message, version = '1', key = amazon.privateKey): Message => {
    const fields =
      message['Type'] === 'Notification'
        ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
        : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
    const text = fields.map((field) => (field in message ? `${field}\n${message[field]}\n` : '')).join('');
    const signature = sign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), key).toString('base64');
    return { ...message, SignatureVersion: version, Signature: signature, SigningCertURL: CERTIFICATE };
  };
  const notification = (told: unknown = alarm, more: Message = {}): Message => ({
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Subject: 'ALARM: "orders db: CPU" in EU (Frankfurt)',
    Message: typeof told === 'string' ? told : JSON.stringify(told),
    Timestamp: '2026-03-02T13:54:04.719Z',
    UnsubscribeURL: 'https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe',
    ...more,
  });
  const confirmation: Message = {
    Type: 'SubscriptionConfirmation',
    MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
    Token: '23',
    TopicArn: TOPIC,
    Message: `You have chosen to subscribe to the topic ${TOPIC}.`,
    SubscribeURL: SUBSCRIBE,
    Timestamp: '2026-03-02T13:54:04.719Z',
  };
  const send = (message: Message): Promise<Answered> =>
    source.send(message, { 'x-amz-sns-message-type': message['Type'] ?? '' });

  it.each(['1', '2'])('tells an alarm that SNS signed, by version %s', async (version) => {
    expect(await send(signed(notification(), version))).toMatchObject({ status: 200 });
    expect(source.deliveries).toEqual([
      {
        source: 'cloudwatch',
        key: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
        hasId: true,
        alerts: [
          {
            source: 'cloudwatch',
            fingerprint: alarm.AlarmArn,
            state: 'firing',
            title: 'orders db: CPU',
            text: `${alarm.AlarmDescription}\n${alarm.NewStateReason}`,
            labels: {
              alarm: 'orders db: CPU',
              account: '123456789012',
              region: 'EU (Frankfurt)',
              namespace: 'AWS/RDS',
              metric: 'CPUUtilization',
              DBInstanceIdentifier: 'orders-db',
            },
            group: 'orders db: CPU',
            link: 'https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#alarmsV2:alarm/orders%20db%3A%20CPU',
            startsAt: new Date('2026-03-02T13:54:03.744Z'),
          },
        ],
      },
    ]);
  });

  it('tells that it is over, and that data are missing, of the same alarm', async () => {
    await send(signed(notification({ ...alarm, NewStateValue: 'OK' }, { MessageId: '1' })));
    await send(signed(notification({ ...alarm, NewStateValue: 'INSUFFICIENT_DATA' }, { MessageId: '2' })));
    const [over, missing] = source.deliveries.flatMap(({ alerts }) => alerts);
    expect(over).toMatchObject({
      fingerprint: alarm.AlarmArn,
      state: 'resolved',
      endsAt: new Date('2026-03-02T13:54:03.744Z'),
    });
    expect(missing).toMatchObject({
      fingerprint: alarm.AlarmArn,
      state: 'firing',
      title: 'orders db: CPU: insufficient data',
      group: 'orders db: CPU',
    });
    expect(fetched).toEqual([CERTIFICATE]);
  });

  it('confirms the subscription to its topic, once SNS has signed the request', async () => {
    expect(await send(signed(confirmation))).toMatchObject({ status: 200, body: { ok: true } });
    expect(fetched).toEqual([CERTIFICATE, SUBSCRIBE]);
    expect(source.deliveries).toEqual([]);
  });

  it.each([
    ['another topic', { TopicArn: `${TOPIC}-of-a-stranger` }, /is not expected here/],
    [
      'a certificate of another host',
      { SigningCertURL: 'https://sns.example.com/x.pem' },
      /no address of SNS/,
    ],
    [
      'what is no certificate',
      { SigningCertURL: 'https://sns.eu-central-1.amazonaws.com/x' },
      /no address of SNS/,
    ],
  ])('fetches nothing for %s', async (_case, more: Message, message) => {
    for (const each of [notification(), confirmation]) {
      expect(await send({ ...signed({ ...each, ...more }), ...more })).toMatchObject({
        status: 401,
        body: { message: expect.stringMatching(message) as string },
      });
    }
    expect(fetched).toEqual([]);
  });

  it.each([
    ['the key of a stranger', () => signed(notification(), '1', stranger.privateKey)],
    ['another message', () => ({ ...signed(notification()), Message: '{}' })],
    ['another time', () => ({ ...signed(notification()), Timestamp: '2026-03-02T13:59:00Z' })],
    ['another way of signing', () => ({ ...signed(notification(), '2'), SignatureVersion: '1' })],
    ['a signature that is none', () => ({ ...signed(notification()), Signature: 'AAAA' })],
    ['another address to confirm', () => ({ ...signed(confirmation), SubscribeURL: `${SUBSCRIBE}4` })],
    ['an address to confirm elsewhere', () => signed({ ...confirmation, SubscribeURL: 'https://10.0.0.1/' })],
  ])('refuses %s', async (_case, message) => {
    expect(await send(message())).toMatchObject({ status: 401 });
    expect(source.deliveries).toEqual([]);
    expect(fetched).toEqual([CERTIFICATE]);
  });

  it('refuses what was signed more than an hour ago', async () => {
    const at = (minutes: number): Message => ({
      Timestamp: new Date(NOW.getTime() - minutes * 60_000).toISOString(),
    });
    expect(await send(signed(notification(alarm, at(61))))).toMatchObject({ status: 409 });
    expect(await send(signed({ ...confirmation, ...at(61) }))).toMatchObject({ status: 409 });
    expect(await send(signed(notification(alarm, at(59))))).toMatchObject({ status: 200 });
    expect(fetched).toEqual([CERTIFICATE]);
  });

  it('refuses what is unsigned, and the ARN as a token', async () => {
    expect(await source.send(notification(), {})).toMatchObject({ status: 401 });
    expect(await source.send(notification(), { authorization: `Bearer ${TOPIC}` })).toMatchObject({
      status: 401,
    });
    expect(await source.send(notification(), BEARER)).toMatchObject({ status: 401 });
  });

  it('takes the token of the bot, but confirms nothing by it', async () => {
    expect(await source.send(signed(notification()))).toMatchObject({ status: 200 });
    expect(await source.send(signed(confirmation))).toMatchObject({ status: 401 });
    expect(fetched).toEqual([]);
  });

  it('refuses a message that is no alarm, with its problems', async () => {
    expect(await send(signed(notification('hello')))).toMatchObject({
      status: 400,
      body: { problems: [expect.stringMatching(/^Message: /)] },
    });
    expect(await send(signed(notification({ ...alarm, NewStateValue: 'BAD' })))).toMatchObject({
      status: 400,
      body: { problems: [expect.stringMatching(/^Message\.NewStateValue: /)] },
    });
    expect(await send({ Type: 'Notification' })).toMatchObject({ status: 400 });
    expect(await send(signed(notification('['.repeat(40))))).toMatchObject({ status: 400 });
  });

  it('says so when the certificate cannot be had, and asks again', async () => {
    await source.stop();
    const answers = [new Response('gone', { status: 404 }), new Response('no PEM'), new Response(amazon.pem)];
    source = await startSource(
      cloudwatch(() => {
        const answer = answers.shift();
        return answer ? Promise.resolve(answer) : Promise.reject(new Error('away'));
      }),
      `arn:of:another, ${TOPIC}`,
    );
    expect(await send(signed(notification()))).toMatchObject({ status: 502 });
    expect(await send(signed(notification()))).toMatchObject({ status: 502 });
    expect(await send(signed(notification()))).toMatchObject({ status: 200 });
    expect(await send(signed(confirmation))).toMatchObject({
      status: 502,
      body: { message: expect.stringContaining('could not be confirmed') as string },
    });
    expect(source.counters.read()).toContainEqual({ entrance: 'cloudwatch', outcome: 'failed', requests: 3 });
  });

  it.each([
    ['https://sns.us-east-1.amazonaws.com/x.pem', true],
    ['https://sns.cn-north-1.amazonaws.com.cn/x.pem', true],
    ['http://sns.us-east-1.amazonaws.com/x.pem', false],
    ['https://sns.us-east-1.amazonaws.com.example/x.pem', false],
    ['https://sns.us-east-1.amazonaws.com:8443/x.pem', false],
    ['https://user@sns.us-east-1.amazonaws.com/x.pem', false],
    ['https://bucket.s3.amazonaws.com/sns.us-east-1.amazonaws.com/x.pem', false],
    ['https://example.com/?sns.us-east-1.amazonaws.com', false],
    ['https://sns.a.b.amazonaws.com/x.pem', false],
    ['sns.us-east-1.amazonaws.com', false],
  ])('takes %s for SNS: %s', (address, expected) => {
    expect(isOfSns(address)).toBe(expected);
  });
});
