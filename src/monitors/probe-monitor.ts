/** Watches a target by its probes: proposes an incident once a red period, and tells when it is green again. */

import type { MonitorState } from '../domain/monitor.ts';
import { isSchemaMismatch } from '../domain/sqlstate.ts';
import type { ProbeResult } from '../domain/sweep.ts';
import type { Logger } from '../log.ts';
import type { MonitorChange, MonitorPorts, MonitorSettings } from './contract.ts';
import { suspect } from './suspicion.ts';

export interface ProbeMonitor {
  readonly settings: MonitorSettings;
  /** One look, and what came of it. Never two at once: the ticks of a monitor are one lane. */
  tick(signal?: AbortSignal): Promise<MonitorChange>;
}

const FAILURES = 3;
const TIMEOUT_MS = 15_000;

/** Makes the monitor of one target. */
export function createProbeMonitor(
  settings: MonitorSettings,
  ports: MonitorPorts,
  log: Logger,
): ProbeMonitor {
  /** The proposal that is known to name what is broken in the schema. */
  let revised: number | undefined;
  const look = oneAtATime(settings.timeoutMs ?? TIMEOUT_MS, ports.runProbes);

  async function tick(signal?: AbortSignal): Promise<MonitorChange> {
    const before = (await ports.memory.load(settings.name)) ?? unknownYet();
    const failing = (await look()).filter(({ ok }) => !ok);
    if (signal?.aborted) return { kind: 'same', color: before.redSince ? 'red' : 'green' };
    return failing.length === 0 ? green(before) : red(before, failing);
  }

  async function green(before: MonitorState): Promise<MonitorChange> {
    const at = ports.now();
    const seen = await save({ ...before, checkedAt: at });
    const proposed = isProposed(before);
    if (proposed) await ports.onGreen(before.proposal, at);
    if (!before.redSince) return { kind: 'same', color: 'green' };
    await save({ ...seen, redSince: undefined, failures: 0, greenAt: proposed ? at : before.greenAt });
    return { kind: 'green', at, ...(proposed ? { proposal: before.proposal } : {}) };
  }

  async function red(before: MonitorState, failing: readonly ProbeResult[]): Promise<MonitorChange> {
    const at = ports.now();
    const redSince = before.redSince ?? at;
    const state = { ...before, redSince, failures: before.failures + 1, checkedAt: at };
    const saved = await save(state);
    if (!isProposed(before) && state.failures >= (settings.for ?? FAILURES)) {
      return (await takenUp(saved, redSince)) ?? propose(saved, redSince, failing);
    }
    await reviseOnce(saved, redSince, failing);
    return before.redSince ? { kind: 'same', color: 'red' } : { kind: 'red', at };
  }

  /** While a release holds its lock, probes only time out: what is broken shows after it. */
  async function reviseOnce(
    state: MonitorState,
    redSince: Date,
    failing: readonly ProbeResult[],
  ): Promise<void> {
    if (!isAboutSchema(failing) || !isProposed(state) || state.proposal === revised) return;
    await ports.revise(state.proposal, suspect(settings, failing, await migrations(), redSince));
    revised = state.proposal;
  }

  /** While its incident is open, the earlier proposal serves the new red period as well. */
  async function takenUp(state: MonitorState, redSince: Date): Promise<MonitorChange | undefined> {
    const { proposal } = state;
    if (proposal === undefined || (await ports.onRedAgain(proposal, redSince)) !== true) return undefined;
    await save({ ...state, greenAt: undefined });
    return { kind: 'red-again', proposal };
  }

  async function propose(
    state: MonitorState,
    redSince: Date,
    failing: readonly ProbeResult[],
  ): Promise<MonitorChange> {
    const proposal = await ports.propose(suspect(settings, failing, await migrations(), redSince));
    if (proposal === undefined) return { kind: 'same', color: 'red' };
    if (isAboutSchema(failing)) revised = proposal;
    await save({ ...state, proposal, greenAt: undefined });
    return { kind: 'proposed', proposal };
  }

  /** A history that cannot be read (it may be locked) must not keep the proposal back. */
  async function migrations(): ReturnType<MonitorPorts['recentMigrations']> {
    try {
      return await within(settings.timeoutMs ?? TIMEOUT_MS, ports.recentMigrations());
    } catch (error) {
      log.warn({ err: error, monitor: settings.name }, 'migration history could not be read');
      return [];
    }
  }

  /** A frozen process that wakes up late must neither write nor propose over what was seen since. */
  async function save(state: MonitorState): Promise<MonitorState> {
    if (await ports.memory.save(state)) return { ...state, revision: state.revision + 1 };
    throw new Error(`Another process has looked since: monitor ${settings.name}`);
  }

  const unknownYet = (): MonitorState => ({
    name: settings.name,
    target: settings.target,
    revision: 0,
    checkedAt: ports.now(),
    failures: 0,
  });

  return { settings, tick };
}

const isAboutSchema = (failing: readonly ProbeResult[]): boolean =>
  failing.some(({ sqlstate }) => isSchemaMismatch(sqlstate));

/** Whether this red period has its proposal. */
const isProposed = (state: MonitorState): state is MonitorState & { readonly proposal: number } =>
  state.redSince !== undefined && state.proposal !== undefined && state.greenAt === undefined;

/** What cannot be asked has failed; while an earlier look still hangs, no second one is begun. */
function oneAtATime(
  timeoutMs: number,
  runProbes: MonitorPorts['runProbes'],
): () => Promise<readonly ProbeResult[]> {
  let hanging: Promise<unknown> | undefined;
  return async () => {
    if (hanging) return [failed('An earlier look at the target has not ended')];
    const looking = Promise.resolve().then(runProbes);
    hanging = looking.catch(() => undefined).finally(() => (hanging = undefined));
    try {
      return await within(timeoutMs, looking);
    } catch (error) {
      return [failed(error instanceof Error ? error.message : String(error), codeOf(error))];
    }
  };
}

const failed = (error: string, sqlstate?: string): ProbeResult => ({
  name: 'connection',
  ok: false,
  took_ms: 0,
  error,
  relations: [],
  ...(sqlstate === undefined ? {} : { sqlstate }),
});

/** The SQLSTATE of an error, not the codes of Node such as EPIPE. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
}

/** Waits for an answer, at most so long. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
