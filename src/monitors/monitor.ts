/** Watches by its looks: proposes an incident once a red period, and tells when it is green again. */
import type { MonitorState } from '../domain/monitor.ts';
import { AN_ERROR, tellingOf, UNMISTAKABLE } from '../domain/sighting.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import type { Logger } from '../log.ts';
import type { MonitorChange, MonitorPorts, MonitorSettings } from './contract.ts';
import type { Look, Looked, Symptom } from './look.ts';
import { mostTelling, suspect, watchedBy } from './suspicion.ts';

export interface Monitor {
  readonly settings: MonitorSettings;
  /** One look, and what came of it. Never two at once: the ticks of a monitor are one lane. */
  tick(signal?: AbortSignal): Promise<MonitorChange>;
}

/** How long a look may take, unless told. */
export const TIMEOUT_MS = 15_000;

/** Makes a monitor of whatever looks. */
export function createMonitor(
  settings: MonitorSettings,
  look: Look,
  ports: MonitorPorts,
  log: Logger,
): Monitor {
  const timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
  const ask = oneAtATime(timeoutMs, look);

  async function tick(signal?: AbortSignal): Promise<MonitorChange> {
    const before = (await ports.memory.load(settings.name)) ?? unknownYet();
    const { symptoms, uneasy = false, memory } = await ask(before.memory, signal);
    if (signal?.aborted) return same(before);
    const seen = { ...before, target: watchedBy(settings), checkedAt: ports.now(), memory };
    if (symptoms.length > 0) return red(seen, symptoms);
    return uneasy ? between(seen) : green(seen);
  }

  async function red(seen: MonitorState, symptoms: readonly Symptom[]): Promise<MonitorChange> {
    const { checkedAt: at, redSince = at, failures } = seen;
    const saved = await save({ ...seen, redSince, failures: failures + 1, ...NO_GREENS });
    const isSure = isConfirmed(saved) || weightOf(symptoms) >= UNMISTAKABLE;
    if (!isProposed(saved) && isSure) {
      return (await takenUp(saved, redSince)) ?? propose(saved, redSince, symptoms);
    }
    return (await revise(saved, symptoms)) ?? (seen.redSince ? same(saved) : { kind: 'red', at });
  }

  /** Too little to begin a red period, too much to end one. */
  const between = async (seen: MonitorState): Promise<MonitorChange> =>
    same(await save({ ...seen, ...NO_GREENS }));

  async function green(seen: MonitorState): Promise<MonitorChange> {
    const { checkedAt: at, greenSince = at, redSince } = seen;
    if (redSince === undefined) return same(await save(seen));
    const over = { redSince: undefined, failures: 0, ...NO_GREENS };
    if (!isConfirmed(seen)) {
      await save({ ...seen, ...over });
      return { kind: 'green', at };
    }
    const saved = await save({ ...seen, greens: seen.greens + 1, greenSince });
    if (saved.greens < settings.clear) return same(saved);
    const proposed = isProposed(saved);
    if (proposed) await ports.onGreen(saved.proposal, greenSince);
    await save({ ...saved, ...over, greenAt: proposed ? greenSince : saved.greenAt });
    return { kind: 'green', at: greenSince, ...(proposed ? { proposal: saved.proposal } : {}) };
  }

  /** While a release holds its lock, probes only time out: what is broken shows after it. */
  async function revise(
    state: MonitorState,
    symptoms: readonly Symptom[],
  ): Promise<MonitorChange | undefined> {
    const told = weightOf(symptoms);
    const { checkedAt: seenAt } = state;
    if (!isProposed(state) || told <= (state.told ?? AN_ERROR)) return undefined;
    const times = { firstFailedAt: seenAt, seenAt };
    const sighting = suspect(settings, symptoms, await migrations(), times);
    if ((await ports.revise(state.proposal, sighting)) === false) return propose(state, seenAt, symptoms);
    await save({ ...state, told });
    return undefined;
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
    symptoms: readonly Symptom[],
  ): Promise<MonitorChange> {
    const times = { firstFailedAt: redSince, seenAt: state.checkedAt };
    const proposal = await ports.propose(suspect(settings, symptoms, await migrations(), times));
    if (proposal === undefined) return same(state);
    await save({ ...state, proposal, told: weightOf(symptoms), greenAt: undefined });
    return { kind: 'proposed', proposal };
  }

  /** A history that cannot be read (it may be locked) must not keep the proposal back. */
  async function migrations(): Promise<readonly AppliedMigration[]> {
    try {
      return await within(timeoutMs, ports.recentMigrations());
    } catch (error) {
      log.warn({ err: error, monitor: settings.name }, 'migration history could not be read');
      return [];
    }
  }

  /** A frozen process that wakes up late must neither write nor propose over what was seen since. */
  async function save<State extends MonitorState>(state: State): Promise<State> {
    if (await ports.memory.save(state)) return { ...state, revision: state.revision + 1 };
    throw new Error(`Another process has looked since: monitor ${settings.name}`);
  }

  /** What passes by itself before that is forgotten with the first green look. */
  const isConfirmed = (state: MonitorState): boolean => isProposed(state) || state.failures >= settings.for;

  const unknownYet = (): MonitorState => ({
    name: settings.name,
    target: watchedBy(settings),
    revision: 0,
    checkedAt: ports.now(),
    failures: 0,
    greens: 0,
  });

  return { settings, tick };
}

const NO_GREENS = { greens: 0, greenSince: undefined } as const;

const same = ({ redSince }: MonitorState): MonitorChange => ({
  kind: 'same',
  color: redSince ? 'red' : 'green',
});

const weightOf = (symptoms: readonly Symptom[]): number => {
  const telling = mostTelling(symptoms);
  return telling ? tellingOf(telling) : 0;
};

/** Whether this red period has its proposal. */
const isProposed = (state: MonitorState): state is MonitorState & { readonly proposal: number } =>
  state.redSince !== undefined && state.proposal !== undefined && state.greenAt === undefined;

/** What cannot be asked has failed; while an earlier look still hangs, no second one is begun. */
function oneAtATime(timeoutMs: number, look: Look): Look {
  let hanging: Promise<unknown> | undefined;
  return async (memory, signal): Promise<Looked> => {
    if (hanging) return { symptoms: [unreachable('an earlier look has not ended')], memory };
    const limit = AbortSignal.timeout(timeoutMs);
    const signals = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    const looking = Promise.resolve().then(() => look(memory, signals));
    hanging = looking.catch(() => undefined).finally(() => (hanging = undefined));
    try {
      return await within(timeoutMs, looking);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return { symptoms: [unreachable(text, codeOf(error))], memory };
    }
  };
}

/** Without a SQLSTATE it is not the server that speaks. */
const unreachable = (error: string, sqlstate?: string): Symptom => ({
  key: 'probe:connection',
  error: sqlstate === undefined ? `cannot be asked: ${error}` : error,
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
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
