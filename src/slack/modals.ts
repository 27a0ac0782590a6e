/** Forms: opened while the trigger lives, checked before the ack, and then done like the line they stand for. */
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { App, Directory } from '../app/app.ts';
import type { Form } from '../app/command.ts';
import { refusalText } from '../app/dispatch.ts';
import { forbidden } from '../app/permit.ts';
import { SEVERITIES, type Severity } from '../domain/incident.ts';
import { refuse } from '../domain/refusal.ts';
import type { Logger } from '../log.ts';
import { DECLARE_FIELDS, declareModal } from './views/declare-modal.ts';

/** Slack's trigger lives for 3 s; what is replayed later opens nothing. */
const TRIGGER_MS = 2500;

export interface Trigger {
  readonly id: string;
  readonly receivedAt: Date;
}

/** False when it could not be opened: the text that came with it says the same in words. */
export async function openForm(
  { severity }: Form,
  trigger: Trigger,
  { client, log, now }: { readonly client: WebClient; readonly log: Logger; readonly now: () => Date },
): Promise<boolean> {
  if (now().getTime() - trigger.receivedAt.getTime() > TRIGGER_MS) return false;
  try {
    await client.views.open({ trigger_id: trigger.id, view: declareModal(severity) });
    return true;
  } catch (error) {
    log.warn({ err: error }, 'a form could not be opened');
    return false;
  }
}

export type FormErrors = Readonly<Record<string, string>>;

export interface Submission {
  /** `view.state.values`, as Slack sends it. */
  readonly values: unknown;
  readonly by: string;
  readonly inboxKey: string | undefined;
}

/** Declares; answers with what to show at the fields when it was refused. */
export async function submitDeclare(
  { values, by, inboxKey }: Submission,
  { app, directory }: { readonly app: App; readonly directory: Directory },
): Promise<FormErrors | undefined> {
  const read = readDeclare(values);
  if ('errors' in read) return read.errors;
  const refused =
    (await forbidden(app.settings, directory, by, 'declare')) ??
    (await app.declare({ by, ...read }, { inboxKey }));
  return refused.ok ? undefined : { [DECLARE_FIELDS.title]: refusalText(refused) };
}

const declareValues = z.object({
  [DECLARE_FIELDS.title]: z.object({
    [DECLARE_FIELDS.title]: z.object({ value: z.string().nullish() }),
  }),
  [DECLARE_FIELDS.severity]: z.object({
    [DECLARE_FIELDS.severity]: z.object({
      selected_option: z.object({ value: z.enum(SEVERITIES) }),
    }),
  }),
});

/** Pure: the title and severity, or what is missing at which field. */
export function readDeclare(
  values: unknown,
): { readonly title: string; readonly severity: Severity } | { readonly errors: FormErrors } {
  const { title, severity } = declareValues.parse(values);
  const text = title.title.value?.trim() ?? '';
  if (text === '') return { errors: { [DECLARE_FIELDS.title]: refusalText(refuse('TITLE_MISSING')) } };
  return { title: text, severity: severity.severity.selected_option.value };
}
