/** The contract of a step kind: one file in steps/, its name the file's name; effects only through its context. */
import type { z } from 'zod';
import type { RehearsalPlace } from '../databases/rehearsal.ts';
import type { Target } from '../databases/target.ts';
import type { Effect } from '../domain/effects.ts';
import type { Intent, Roster } from '../domain/intents.ts';
import type { ActionOutcome, CapturedMigration, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { EarlierAction, Risk, WaitsFor } from '../domain/run.ts';
import type { Aftermath } from '../domain/run-moves.ts';
import { loadFolder } from '../load-folder.ts';
import type { Logger } from '../log.ts';

export interface StepContext {
  readonly target: Target;
  /** Where a plan is tried out before it is shown for approval, when firebreak.yml names such a target. */
  readonly rehearsal?: RehearsalPlace;
  readonly now: Date;
  readonly incident: number;
  /** What the project's own tool would run, as it was captured. */
  readonly captured: readonly CapturedMigration[];
  readonly snapshotSchema: string;
  /** What was done to this target earlier in the incident, newest first. */
  readonly earlier: readonly EarlierAction[];
  /** Whether an incident is open, and since when it is one; undefined when there is none of that number. */
  readonly incidentOf: (
    id: number,
  ) => Promise<{ readonly open: boolean; readonly declaredAt: Date } | undefined>;
  readonly log: Logger;
  /** Fires at the step's timeout, when the run is cancelled, and when its worker has lost it: stop what can be stopped. */
  readonly signal: AbortSignal;
  /** Since when the step runs, over all its waits. */
  readonly since: Date;
  /** What the step kept when it last waited; undefined at its first turn. */
  readonly memo: unknown;
  /** Names the step of this very run, wherever the world has to know it again. */
  readonly key: string;
  /** Programs that firebreak.yml allows, by the name that runbooks use. */
  readonly programs: Readonly<Record<string, string>>;
  /** What firebreak.yml lets runbooks send, by the name of its environment variable. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Who is on call for a team now, for a page; undefined when there is no such team. */
  readonly roster: (team: string) => Promise<Roster | undefined>;
}

export interface StepResult {
  /** False: what had to be green is not; the run ends as failed. */
  readonly ok: boolean;
  readonly verdict: string;
  readonly output?: unknown;
  /** Committed together with the result, so that the world sees them once. */
  readonly effects?: readonly Effect[];
  /** What the step asks of its incident, decided and committed together with the result; refused, the step has failed. */
  readonly intent?: Intent;
  /** Codes of refusals that mean: it is so already. */
  readonly settled?: readonly string[];
}

/** The step has not come to its end: it is called again, with its memo. Survives a restart. */
export interface Waiting {
  /** `time`: at `until`. Else when somebody has answered with a button, or at `until`, whatever comes first. */
  readonly waitsFor: WaitsFor;
  readonly until?: Date;
  /** What it waits for, in a sentence. */
  readonly verdict: string;
  readonly output?: unknown;
  readonly effects?: readonly Effect[];
  /** JSON. */
  readonly memo?: unknown;
}

export const isWaiting = (result: StepResult | Waiting): result is Waiting => 'waitsFor' in result;

export interface ExecuteOptions {
  readonly marker: Marker;
  /** Must be awaited before COMMIT; it throws when the step was taken over by another instance. */
  readonly onXid: (trace: TransactionTrace) => Promise<void>;
  /** Fires when the lease is lost: roll back. */
  readonly signal: AbortSignal;
  /** Where a long step is, in a sentence. */
  readonly onProgress: (words: string) => Promise<void>;
}

/** Of a step with one transaction its end says it all; others bring their own outcome. */
export type Resolution = 'committed' | 'aborted' | 'unknown' | ActionOutcome;
export type Planned = { readonly ok: true; readonly plan: Plan } | Refusal;

interface Common {
  /** The kind, which is the name of its file. */
  readonly name: string;
  /** Says aloud what can be seen before it is done. */
  readonly dryRun: string;
  readonly input: z.ZodType;
}

/** Runs again after a crash; a `change` shows itself to the world only by effects. */
export interface PlainStep extends Common {
  readonly risk: 'read' | 'change';
  run(context: StepContext, input: unknown): Promise<StepResult | Waiting>;
}

/** Never run again blindly. */
export interface DangerousStep extends Common {
  readonly risk: 'dangerous';
  plan(context: StepContext, input: unknown): Promise<Planned>;
  execute(context: StepContext, plan: Plan, options: ExecuteOptions): Promise<ActionOutcome>;
  /** After a crash or a lost answer: what became of it. */
  resolve(context: StepContext, plan: Plan, marker: Marker, trace?: TransactionTrace): Promise<Resolution>;
  /** What follows from having done it. */
  after?(plan: Plan, outcome: ActionOutcome): Aftermath;
  /** With such an input it only reads: no plan, no approval. */
  readonly reads?: {
    when(input: unknown): boolean;
    run(context: StepContext, input: unknown): Promise<StepResult | Waiting>;
  };
}

/** What a worker can do. */
export type StepKind = PlainStep | DangerousStep;

/** Never run: the steps of another runbook take its place before a run is written. */
export interface CallingStep extends Common {
  readonly risk: 'of what it calls';
}

/** What a runbook may hold. */
export type AnyKind = StepKind | CallingStep;
export type Kinds = ReadonlyMap<string, AnyKind>;

/** What a step of this kind may do with such an input. */
export const riskOf = (kind: StepKind, input: unknown): Risk =>
  kind.risk === 'dangerous' && kind.reads?.when(input) === true ? 'read' : kind.risk;

type Definition<Input> = { readonly kind: string; readonly input: z.ZodType<Input> } & (
  | (Omit<PlainStep, 'name' | 'input' | 'run'> & {
      run(context: StepContext, input: Input): Promise<StepResult | Waiting>;
    })
  | (Omit<DangerousStep, 'name' | 'input' | 'plan'> & {
      plan(context: StepContext, input: Input): Promise<Planned>;
    })
);

/** Defines one step kind; its input is parsed before it is handed on. */
export function defineStep<Input>(definition: Definition<Input>): StepKind {
  const { kind: name, ...rest } = definition;
  const parse = (input: unknown): Input => definition.input.parse(input);
  // An async function, so that an input that does not parse is a rejection as well.
  if (rest.risk === 'dangerous')
    return { ...rest, name, plan: async (context, input) => rest.plan(context, parse(input)) };
  return { ...rest, name, run: async (context, input) => rest.run(context, parse(input)) };
}

/** Every step kind of the folder `steps`, by name. */
export async function loadSteps(): Promise<Kinds> {
  const kinds = await loadFolder<AnyKind>(new URL('./steps/', import.meta.url), ({ name }) => name);
  return new Map(kinds.map((kind) => [kind.name, kind]));
}

/** Those that a worker can do. */
export const runnable = (kinds: Kinds): ReadonlyMap<string, StepKind> =>
  new Map([...kinds].flatMap(([name, kind]) => (isCall(kind) ? [] : [[name, kind]])));

export const isCall = (kind: AnyKind): kind is CallingStep => kind.risk === 'of what it calls';
