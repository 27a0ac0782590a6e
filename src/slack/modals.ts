/** Forms: opened while the trigger lives, checked before the ack, and then done like the line they stand for. */
import { createHash } from 'node:crypto';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { App, DeclareWish, Directory } from '../app/app.ts';
import type { Form } from '../app/command.ts';
import type { Dispatch } from '../app/dispatch.ts';
import { forbidden } from '../app/permit.ts';
import { refusalText } from '../app/refusal-text.ts';
import { PARTS } from '../domain/postmortem/parts.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { rowsOf } from '../domain/timeline.ts';
import type { Logger } from '../log.ts';
import { choiceIn, fieldsIn, textIn, ticksIn } from './form-values.ts';
import { plain } from './plain.ts';
import { runView, submitRun } from './run-form.ts';
import { ANYWAY, DECLARE_FIELDS, DECLARE_FORM, declareModal } from './views/declare-modal.ts';
import { ESCALATE_FIELDS, ESCALATE_FORM, escalateModal } from './views/escalate-modal.ts';
import { PICK_FORM, pickedRange, pickModal } from './views/pick-modal.ts';
import { REPORT_FORM, reportModal } from './views/report-modal.ts';
import { RUN_FORM } from './views/run-modal.ts';
import { UPDATE_FIELD, UPDATE_FORM, updateModal } from './views/update-modal.ts';
import { WRAP_UP_FIELDS, WRAP_UP_FORM, wrapUpModal } from './views/wrap-up-modal.ts';

/** Slack's trigger lives for 3 s; what is replayed later opens nothing. */
const TRIGGER_MS = 2500;

export interface Trigger {
  readonly id: string;
  readonly receivedAt: Date;
}

export interface OpenParts {
  readonly client: WebClient;
  readonly app: App;
  readonly log: Logger;
  readonly now: () => Date;
}

/** False when it could not be opened: the text that came with it says the same in words. */
export async function openForm(form: Form, trigger: Trigger, parts: OpenParts): Promise<boolean> {
  const { client, log, now } = parts;
  if (now().getTime() - trigger.receivedAt.getTime() > TRIGGER_MS) return false;
  try {
    await client.views.open({ trigger_id: trigger.id, view: await viewOf(form, parts.app) });
    return true;
  } catch (error) {
    log.warn({ err: error }, 'a form could not be opened');
    return false;
  }
}

async function viewOf(form: Form, app: App): Promise<ModalView> {
  const { settings } = app;
  switch (form.kind) {
    case 'declare':
      return declareModal(form.severity, settings, form.source);
    case 'update':
      return updateModal(form.incident, (await app.incident(form.incident))?.title ?? '');
    case 'escalate': {
      const service = (await app.incident(form.incident))?.service;
      const usual = service === undefined ? undefined : settings.services[service]?.team;
      return escalateModal(form.incident, Object.keys(settings.teams), usual);
    }
    case 'pick': {
      const record = await app.record(form.incident);
      return pickModal(
        form.incident,
        rowsOf(record?.timeline ?? []),
        record?.incident.leftOut ?? [],
        form.page,
      );
    }
    case 'report':
      return reportView(form, app);
    case 'run':
      return runView(form, app);
    case 'wrap-up':
      return wrapUpModal(form.incident);
  }
}

async function reportView(
  { incident, section }: Extract<Form, { kind: 'report' }>,
  app: App,
): Promise<ModalView> {
  const parts = await app.parts(incident);
  const there = Object.fromEntries(parts.map(({ part, text }) => [part, text]));
  const marks = Object.fromEntries(parts.map(({ part, text }) => [part, markOf(text)]));
  return reportModal({ incident, section, there, marks });
}

/** The text itself may not fit into what a form gives back. */
const markOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16);

export type FormErrors = Readonly<Record<string, string>>;

export interface Submission {
  readonly callbackId: string;
  /** `view.state.values`, as Slack sends it. */
  readonly values: unknown;
  /** What the form was given when it was opened. */
  readonly about: string;
  readonly by: string;
  readonly inboxKey: string | undefined;
  readonly receivedAt: Date;
}

export interface SubmitParts {
  readonly app: App;
  readonly directory: Directory;
  readonly dispatch: Dispatch;
  readonly client: WebClient;
}

type Submit = (submission: Submission, parts: SubmitParts) => Promise<FormErrors | undefined>;

const SUBMITS: Readonly<Record<string, Submit>> = {
  [DECLARE_FORM]: submitDeclare,
  [UPDATE_FORM]: submitUpdate,
  [ESCALATE_FORM]: submitEscalate,
  [WRAP_UP_FORM]: submitWrapUp,
  [PICK_FORM]: submitPick,
  [REPORT_FORM]: submitReport,
  [RUN_FORM]: submitRun,
};

/** What such a form asks for is not done when it comes late. */
export const isDangerousForm = (callbackId: string): boolean => callbackId === RUN_FORM;

/** The callback ids of all forms. */
export const FORMS: readonly string[] = Object.keys(SUBMITS);

/** Does what the form says; answers with what to show at the fields when it was refused. */
export async function submitForm(
  submission: Submission,
  parts: SubmitParts,
): Promise<FormErrors | undefined> {
  const errors = await SUBMITS[submission.callbackId]?.(submission, parts);
  if (!errors) return undefined;
  const people = await parts.app.people();
  return Object.fromEntries(Object.entries(errors).map(([field, text]) => [field, plain(text, people)]));
}

const sourceShape = z.object({
  channel: z.string(),
  ts: z.string(),
  user: z.string().optional(),
  text: z.string(),
});

async function submitDeclare(submission: Submission, parts: SubmitParts): Promise<FormErrors | undefined> {
  const title = textIn(submission.values, DECLARE_FIELDS.title);
  const ticked = ticksIn(submission.values, DECLARE_FIELDS.options);
  if (title === '') return { [DECLARE_FIELDS.title]: refusalText(refuse('TITLE_MISSING')) };
  const about = submission.about === '' ? undefined : sourceShape.parse(JSON.parse(submission.about));
  const line = [
    ticked.includes('drill') ? 'drill' : 'declare',
    ...(ticked.includes('private') ? ['--private'] : []),
    ...(ticked.includes('anyway') ? ['--anyway'] : []),
    choiceIn(submission.values, DECLARE_FIELDS.severity) ?? '',
    // A title may begin like a severity or a flag.
    '--',
    title,
  ].join(' ');
  const source = about && (await sourceOf(about, parts.client));
  return say(line, DECLARE_FIELDS.title, submission, parts, source);
}

/** The message as an entry, at its own time and with its link. */
export async function sourceOf(
  { channel, ts, user, text }: z.infer<typeof sourceShape>,
  client: WebClient,
): Promise<NonNullable<DeclareWish['source']>> {
  const { permalink } = await client.chat
    .getPermalink({ channel, message_ts: ts })
    .catch(() => ({ permalink: undefined }));
  return {
    by: user ?? 'unknown',
    text,
    at: new Date(Number(ts) * 1000),
    ...(permalink ? { link: permalink } : {}),
  };
}

async function submitUpdate(submission: Submission, parts: SubmitParts): Promise<FormErrors | undefined> {
  const text = textIn(submission.values, UPDATE_FIELD);
  return say(`update inc-${incidentOf(submission)} ${text}`, UPDATE_FIELD, submission, parts);
}

async function submitEscalate(submission: Submission, parts: SubmitParts): Promise<FormErrors | undefined> {
  const team = choiceIn(submission.values, ESCALATE_FIELDS.team) ?? '';
  const reason = textIn(submission.values, ESCALATE_FIELDS.reason);
  const line = `escalate inc-${incidentOf(submission)} ${team} ${reason}`;
  return say(line, ESCALATE_FIELDS.reason, submission, parts);
}

/** Empty, it is as good as skipped. */
async function submitWrapUp(
  submission: Submission,
  { app, directory }: SubmitParts,
): Promise<FormErrors | undefined> {
  const { by, inboxKey, receivedAt: saidAt, values } = submission;
  const fix = textIn(values, WRAP_UP_FIELDS.fix);
  const followUps = textIn(values, WRAP_UP_FIELDS.followUps)
    .split('\n')
    .map((each) => each.replace(/^\s*[-*•]\s+/, '').trim())
    .filter((each) => each !== '');
  if (fix === '' && followUps.length === 0) return undefined;
  const wish = { kind: 'wrap-up', by, followUps, ...(fix === '' ? {} : { fix }) } as const;
  const incident = incidentOf(submission);
  const barred =
    (await forbidden(app.settings, directory, by, 'respond')) ?? (await hidden(app, incident, by));
  const done = barred ?? (await app.act(incident, wish, { inboxKey, saidAt }));
  return done.ok ? undefined : { [WRAP_UP_FIELDS.fix]: refusalText(done) };
}

/** Each menu holds a range of numbers; what the form did not show stays as it was. */
async function submitPick(submission: Submission, parts: SubmitParts): Promise<FormErrors | undefined> {
  const menus = fieldsIn(submission.values).flatMap((id) => pickedRange(id) ?? []);
  const [first] = menus;
  if (first === undefined) return undefined;
  const chosen = menus.flatMap(({ id }) => ticksIn(submission.values, id));
  const from = Math.min(...menus.map((menu) => menu.from));
  const to = Math.max(...menus.map((menu) => menu.to));
  const line = `timeline inc-${incidentOf(submission)} pick ${chosen.join(',') || 'none'} of ${from}-${to}`;
  return say(line, first.id, submission, parts);
}

const reportAbout = z.object({
  incident: z.number(),
  section: z.number(),
  marks: z.record(z.string(), z.string()),
});

/** What was not touched is not written: somebody else may have changed it meanwhile. */
async function submitReport(
  submission: Submission,
  { app, directory }: SubmitParts,
): Promise<FormErrors | undefined> {
  const { incident, section, marks } = reportAbout.parse(JSON.parse(submission.about));
  const { by, inboxKey, receivedAt: saidAt, values } = submission;
  const parts = PARTS.filter((part) => part.section === section);
  const refused =
    (await forbidden(app.settings, directory, by, 'respond')) ?? (await hidden(app, incident, by));
  if (refused) return { [parts[0]?.name ?? '']: refusalText(refused) };
  const now = new Map((await app.parts(incident)).map(({ part, text }) => [part, text]));
  const wishes = parts.flatMap(({ name }) => {
    const text = textIn(values, name);
    const seen = now.get(name);
    const same = markOf(text) === (marks[name] ?? markOf(''));
    // Somebody has changed it since the form was opened: what they wrote is not what was seen.
    const stale = (seen === undefined ? undefined : markOf(seen)) !== marks[name];
    return same ? [] : [{ part: name, text, seen: stale ? STALE : seen }];
  });
  const done = await app.writeParts(incident, by, wishes, { inboxKey, saidAt });
  return done.ok ? undefined : { [done.part ?? parts[0]?.name ?? '']: refusalText(done) };
}

/** Who left a private incident while the form was open does not write into it. */
const hidden = async (app: App, incident: number, by: string): Promise<Refusal | undefined> =>
  (await app.isVisible(incident, by)) ? undefined : refuse('INCIDENT_UNKNOWN', { found: incident });

/** No part says this: people cannot type it, and the store takes none. */
const STALE = '\0';

/** As if it had been typed: with the rights of who submits, at the moment they do. */
async function say(
  text: string,
  field: string,
  { by: actor, inboxKey, receivedAt }: Submission,
  { dispatch }: SubmitParts,
  source?: DeclareWish['source'],
): Promise<FormErrors | undefined> {
  const {
    refused,
    code,
    text: said,
  } = await dispatch({
    text,
    actor,
    receivedAt,
    byForm: true,
    ...(inboxKey ? { inboxKey } : {}),
    ...(source ? { source } : {}),
  });
  if (!refused) return undefined;
  return { [field]: code === 'LIKELY_DUPLICATE' ? withTick(said) : said };
}

/** In the form nobody types a line: there is a box for it. */
const withTick = (said: string): string =>
  `${said.slice(0, said.lastIndexOf('\n'))}\nNothing was opened. Work there, or tick "${ANYWAY}".`;

const incidentOf = ({ about }: Submission): number =>
  z.object({ incident: z.number() }).parse(JSON.parse(about)).incident;
