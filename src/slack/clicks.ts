/** Buttons: what each one asks of the app. One table; the values are JSON that our own views wrote. */
import { z } from 'zod';
import type { App, Directory } from '../app/app.ts';
import type { Reply } from '../app/command.ts';
import type { Dispatch } from '../app/dispatch.ts';
import { refusalText } from '../app/refusal-text.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Steering } from '../domain/run-steering.ts';
import { SAY } from './views/offers.ts';
import { typedDeclareLine } from './views/proposal.ts';

export interface Click {
  readonly actionId: string;
  readonly value: string | undefined;
  readonly by: string;
  readonly channelId: string | undefined;
  readonly inboxKey: string | undefined;
  readonly receivedAt: Date;
}

export interface ClickParts {
  readonly app: App;
  readonly dispatch: Dispatch;
  readonly directory: Directory;
}

type Act = (value: unknown, click: Click, parts: ClickParts) => Promise<Reply | string | undefined>;

const OLD_BUTTON =
  ':no_entry: This button belongs to an older message and does nothing any more. Type the command instead.';

const ACTS: Readonly<Record<string, Act>> = {
  'page-answer:acknowledged': answerPage('acknowledged'),
  'page-answer:declined': answerPage('declined'),
  'approval:approved': decide('approved'),
  'approval:refused': decide('refused'),
  'proposal:declare': declare,
  'proposal:attach:0': attach,
  'proposal:attach:1': attach,
  'proposal:silence': silence,
  'run:start': startRun,
  'run:retry': steer('retry'),
  'run:skip': steer('skip'),
  'run:cancel': steer('cancel'),
  'run:yes': steer('yes'),
  'run:no': steer('no'),
};

/** The buttons there are, besides those that say a line. */
export const BUTTONS: readonly string[] = Object.keys(ACTS);

/** Clicks that lead to a change in a database: an old one is never replayed. */
export const isDangerousClick = (actionId: string): boolean => /^(approval|run):/.test(actionId);

/** Does what the button says; answers with what the person who clicked should read. */
export async function actOnClick(click: Click, parts: ClickParts): Promise<Reply | undefined> {
  const act = click.actionId.startsWith(SAY) ? sayLine : ACTS[click.actionId];
  const value = parsed(click.value);
  if (act === undefined || value === undefined) return { text: OLD_BUTTON };
  const reply = await act(value, click, parts);
  return typeof reply === 'string' ? { text: reply } : reply;
}

/** The line that a button says when it is clicked; undefined for others. */
export function lineOf(actionId: string, value: string | undefined): string | undefined {
  if (!actionId.startsWith(SAY)) return undefined;
  const said = lineValue.safeParse(parsed(value));
  return said.success ? said.data.line : undefined;
}

const lineValue = z.object({ line: z.string() });

const sayLine: Act = (value, click, parts) => typed(lineValue.parse(value).line, click, parts);

/** As if they had typed it, where they clicked. */
async function typed(text: string, click: Click, { dispatch }: ClickParts): Promise<Reply> {
  const { by: actor, channelId, inboxKey, receivedAt } = click;
  const place = { ...(channelId ? { channelId } : {}), ...(inboxKey ? { inboxKey } : {}) };
  return dispatch({ text, actor, receivedAt, ...place });
}

const pageValue = z.object({ incident: z.number(), page: z.number() });

function answerPage(answer: 'acknowledged' | 'declined'): Act {
  return async (value, { by, inboxKey, receivedAt: saidAt }, { app }) => {
    const { incident, page } = pageValue.parse(value);
    const done = await app.act(incident, { kind: 'answer-page', by, page, answer }, { inboxKey, saidAt });
    return done.ok ? undefined : refusalText(done);
  };
}

const approvalValue = z.object({ run: z.number(), step: z.number(), planHash: z.string() });

function decide(decision: 'approved' | 'refused'): Act {
  return async (value, { by, inboxKey, receivedAt: saidAt }, { app }) =>
    refused(await app.decideApproval({ ...approvalValue.parse(value), by, decision }, { inboxKey, saidAt }));
}

const proposalValue = z.object({ proposal: z.number() });

async function declare(value: unknown, click: Click, parts: ClickParts): Promise<Reply | string> {
  const { proposal } = proposalValue.parse(value);
  const known = await parts.app.proposal(proposal);
  return known === undefined ? OLD_BUTTON : typed(typedDeclareLine(known), click, parts);
}

const attachValue = proposalValue.extend({ incident: z.number() });

async function attach(value: unknown, click: Click, parts: ClickParts): Promise<Reply> {
  const { proposal, incident } = attachValue.parse(value);
  return typed(`attach inc-${incident} proposal:${proposal}`, click, parts);
}

async function silence(value: unknown, click: Click, parts: ClickParts): Promise<Reply> {
  const { proposal } = proposalValue.parse(value);
  return typed(`silence proposal:${proposal} 1h`, click, parts);
}

const runValue = z.object({
  incident: z.number(),
  runbook: z.string(),
  params: z.record(z.string(), z.string()),
});

async function startRun(
  value: unknown,
  { by, inboxKey, receivedAt: saidAt }: Click,
  { app }: ClickParts,
): Promise<string | undefined> {
  return refused(await app.startRun({ ...runValue.parse(value), by }, { inboxKey, saidAt }));
}

const steerValue = z.object({ run: z.number(), step: z.number().optional() });

function steer(what: Steering): Act {
  return async (value, { by, inboxKey, receivedAt: saidAt }, { app }) =>
    refused(await app.steer({ ...steerValue.parse(value), by, what }, { inboxKey, saidAt }));
}

const refused = (outcome: { readonly ok: true } | Refusal): string | undefined =>
  outcome.ok ? undefined : refusalText(outcome);

function parsed(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? '');
  } catch {
    return undefined;
  }
}
