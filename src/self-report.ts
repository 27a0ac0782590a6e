/** What the bot says of itself over HTTP, to whoever watches it: whether it is ready, and its figures. */
import type { Answer } from './alerts/answers.ts';
import type { Counters } from './alerts/counters.ts';
import { createProcessMetrics } from './alerts/process-metrics.ts';
import type { Pages } from './alerts/receiver.ts';
import type { App } from './app/app.ts';
import type { Vitals } from './app/health.ts';
import { metricsOfHealth, metricsOfSpool, metricsOfStore } from './app/metrics.ts';
import { EXPOSITION, exposition, gauge, type Metric } from './domain/exposition.ts';
import { isReady, type Readiness, readinessOf, readyWithout } from './domain/readiness.ts';
import type { Store } from './store/store.ts';

export interface SelfReportParts {
  readonly app: App;
  readonly store: Store;
  readonly vitals: Vitals;
  readonly counters: Counters;
  readonly now: () => Date;
}

/** `/readyz` and `/metrics`; nothing in them is secret, and nothing of what is said in an incident is in them. */
export function createSelfReport(parts: SelfReportParts): { readonly pages: Pages; stop(): void } {
  const ofProcess = createProcessMetrics(parts.counters);
  const metrics = async (): Promise<Answer> => {
    const ofStore = await storeMetrics(parts);
    const { vitals, now } = parts;
    const ofSpool = metricsOfSpool(vitals.spool?.(), now());
    const all = [...ofProcess.read(vitals.slack()), ...ofSpool, ...ofStore];
    return { status: 200, body: exposition(all), headers: { 'content-type': EXPOSITION } };
  };
  return {
    pages: { '/readyz': oneAtATime(() => ready(parts)), '/metrics': oneAtATime(metrics) },
    stop: () => {
      ofProcess.stop();
    },
  };
}

/** Nobody has to prove who they are: however many ask at once, the store is asked once. */
function oneAtATime<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () =>
    (reading ??= read().finally(() => {
      reading = undefined;
    }));
}

async function ready(parts: SelfReportParts): Promise<Answer> {
  const readiness = await readinessNow(parts);
  const ok = isReady(readiness);
  return { status: ok ? 200 : 503, body: { ok, ...readiness } };
}

async function readinessNow({ app, store, vitals, now }: SelfReportParts): Promise<Readiness> {
  const { connected } = vitals.slack();
  // By the pool that gives up soon: who asks whether it is ready does not wait for long.
  const answers = await store.ready();
  const without = (reason: string): Readiness => readyWithout(reason, connected, vitals.spool?.(), now());
  if (!answers.ok) return without(answers.reason);
  return app.health().then(
    (health) => readinessOf(health, now()),
    (error: unknown) => without(error instanceof Error ? error.message : String(error)),
  );
}

/** While the store is away, that it is. */
async function storeMetrics({ app, store, now }: SelfReportParts): Promise<readonly Metric[]> {
  const up = (value: number): Metric =>
    gauge('firebreak_database_up', '1 while its own database answers.', value);
  if (!(await store.ready()).ok) return [up(0)];
  try {
    const health = await app.health();
    const ofStore = await metricsOfStore(store, app.settings.severities, now());
    return [up(1), ...metricsOfHealth(health, now()), ...ofStore];
  } catch {
    return [up(0)];
  }
}
