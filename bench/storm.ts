/** Ten thousand alerts in a minute: how large the bot becomes, and whether all of them are in the store. */

import type { Memory } from './bot-child.ts';
import { startChild } from './child.ts';
import type { Bench, Figure } from './figure.ts';
import { percentile } from './percentiles.ts';
import { atRate } from './schedule.ts';
import { inWorld, TOKEN, type World } from './world.ts';

const ALERTS = 10_000;
const SECONDS = 60;
const SERVICES = 20;

export const storm: Bench = {
  name: 'storm',
  title: 'Ten thousand alerts in a minute',
  about: `${ALERTS.toLocaleString('en-US')} different alerts of ${SERVICES} services come to \`POST /alerts/generic\` within ${SECONDS} s, one a request, each
when it is due. The peak is the memory of the whole process, compared to the same process before the first one came; no alert may be lost.`,
  measure: () => inWorld(measured),
};

async function measured(world: World): Promise<readonly Figure[]> {
  const slack = await world.slack();
  const { file, env, store } = await world.configure(slack);
  const bot = startChild('bot-child', { env });
  world.onClose(() => bot.close());
  const url = await bot.ask<string>('open', file);
  await sendOne(url, -1);
  const idle = await bot.ask<Memory>('memory');
  const answered = await atRate({ perSecond: ALERTS / SECONDS, seconds: SECONDS }, (index) =>
    sendOne(url, index),
  );
  const { peakMb } = await bot.ask<Memory>('memory');
  const { rows } = await store.query<{ kept: number }>(
    `select count(distinct fingerprint) as kept from alerts where title like 'storm %' and title <> 'storm -1'`,
  );
  return [
    {
      name: 'peak memory under the alerts',
      value: peakMb,
      unit: 'MB',
      against: { value: idle.rssMb, what: 'idle' },
    },
    {
      name: 'alerts in the store',
      value: rows[0]?.kept ?? 0,
      unit: 'times',
      against: { value: ALERTS, what: 'that one was sent' },
      goals: [{ of: 'ratio', is: 'at least', limit: 1 }],
    },
    { name: 'answer to an alert p99', value: percentile(answered, 99), unit: 'ms' },
  ];
}

async function sendOne(url: string, index: number): Promise<void> {
  const response = await fetch(`${url}/alerts/generic`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({
      title: `storm ${index}`,
      fingerprint: `storm-${index}`,
      service: `service-${index % SERVICES}`,
      text: `the error rate of host ${index} is above its limit`,
      labels: { host: `host-${index}`, region: `region-${index % 3}` },
    }),
  });
  if (!response.ok) throw new Error(`alert ${index}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}
