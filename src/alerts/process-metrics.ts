/** What the process knows of itself: memory, how late its loop is, what its HTTP was asked. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gauge, type Metric } from '../domain/exposition.ts';
import type { Health } from '../domain/health.ts';
import { VERSION } from '../version.ts';
import type { Counters } from './counters.ts';

const LOOP_RESOLUTION_MS = 20;

/** Begins to measure; each reading of the loop is of the time since the one before. */
export function createProcessMetrics(counters: Counters): {
  read(slack: Health['slack']): readonly Metric[];
  stop(): void;
} {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  return {
    read(slack) {
      const p99 = loop.percentile(99) / 1e9;
      loop.reset();
      return [build(), ...connection(slack), ...memory(), loopDelay(p99), requests(counters)];
    },
    stop: () => void loop.disable(),
  };
}

const build = (): Metric => ({
  name: 'firebreak_build_info',
  help: 'The version that runs; always 1.',
  type: 'gauge',
  samples: [{ labels: { version: VERSION, node: process.versions.node }, value: 1 }],
});

const connection = (slack: Health['slack']): readonly Metric[] => [
  gauge('firebreak_slack_connected', '1 while Slack is heard.', slack && Number(slack.connected)),
  gauge('firebreak_slack_last_call_seconds', 'How long the last call of Slack took.', lastCall(slack)),
];

const lastCall = (slack: Health['slack']): number | undefined => slack?.last && slack.last.ms / 1000;

function memory(): readonly Metric[] {
  const { rss, heapUsed } = process.memoryUsage();
  return [
    gauge('process_resident_memory_bytes', 'Memory of the process.', rss),
    gauge('nodejs_heap_size_used_bytes', 'Memory of JavaScript objects.', heapUsed),
  ];
}

const loopDelay = (p99: number): Metric =>
  gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'Of a hundred turns of the event loop, the latest but one came this late, since the last reading.',
    Number.isNaN(p99) ? 0 : Math.max(0, p99 - LOOP_RESOLUTION_MS / 1000),
  );

const requests = (counters: Counters): Metric => ({
  name: 'firebreak_http_requests_total',
  help: 'Requests since the start, by way in and by what became of them.',
  type: 'counter',
  samples: counters
    .read()
    .map(({ entrance, outcome, requests: value }) => ({ labels: { entrance, outcome }, value })),
});
