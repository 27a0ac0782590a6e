/** The form of a runbook: opened with what is known, checked field by field, and then started like the line. */
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import type { App } from '../app/app.ts';
import type { Form } from '../app/command.ts';
import { refusalText } from '../app/refusal-text.ts';
import { refuse } from '../domain/refusal.ts';
import { problemsOf } from '../domain/runbook-params.ts';
import { choiceIn, fieldsIn, textIn, userIn } from './form-values.ts';
import type { FormErrors, Submission } from './modals.ts';
import { runModal, TARGET_FIELD } from './views/run-modal.ts';

/** Throws when there is no such runbook any more. */
export async function runView(
  { incident, runbook: name, given }: Extract<Form, { kind: 'run' }>,
  app: App,
): Promise<ModalView> {
  const runbook = app.runbooks.get(name);
  if (!runbook) throw new Error(`there is no runbook ${name}`);
  const targets = Object.keys(app.settings.targets);
  const target = given[TARGET_FIELD] ?? (targets.length === 1 ? targets[0] : undefined);
  const captured = target === undefined ? [] : await app.captured(target);
  const migrations = [...new Set(captured.map((each) => each.name))].sort().reverse();
  return runModal({ incident, runbook, given, targets, migrations });
}

const aboutShape = z.object({ incident: z.number(), runbook: z.string() });

/** Values first, each at its field; then the rights of who submits, at the moment they do. */
export async function submitRun(
  { about, values, by, inboxKey, receivedAt: saidAt }: Submission,
  { app }: { readonly app: App },
): Promise<FormErrors | undefined> {
  const { incident, runbook: name } = aboutShape.parse(JSON.parse(about));
  const fields = fieldsIn(values);
  const first = fields[0] ?? TARGET_FIELD;
  const runbook = app.runbooks.get(name);
  if (!runbook)
    return { [first]: refusalText(refuse('UNKNOWN_RUNBOOK', { found: name, known: namesOf(app) })) };
  const params = Object.fromEntries(fields.flatMap((field) => valueOf(values, field)));
  const { [TARGET_FIELD]: _target, ...given } = params;
  const problems = problemsOf(runbook, given, { targets: Object.keys(app.settings.targets) });
  if (problems.size > 0)
    return Object.fromEntries([...problems].map(([field, problem]) => [field, refusalText(problem)]));
  if (!(await app.isVisible(incident, by)))
    return { [first]: refusalText(refuse('INCIDENT_UNKNOWN', { found: incident })) };
  const started = await app.startRun({ incident, runbook: name, params, by }, { inboxKey, saidAt });
  return started.ok ? undefined : { [first]: refusalText(started) };
}

const namesOf = ({ runbooks }: App): string => [...runbooks.keys()].join(', ');

/** An empty field is a parameter that was not given. */
function valueOf(values: unknown, field: string): readonly (readonly [string, string])[] {
  const value = choiceIn(values, field) ?? userIn(values, field) ?? textIn(values, field);
  return value === '' ? [] : [[field, value]];
}
