/** The form that asks for what a runbook needs: a field a parameter, by its type. */
import type { InputBlock, ModalView } from '@slack/types';
import type { Runbook } from '../../domain/runbook.ts';
import { expectedOf, type Given, type Param } from '../../domain/runbook-params.ts';
import { form, selectField, textField, userField } from './form-fields.ts';
import { clip } from './text.ts';

export const RUN_FORM = 'run';
/** Beside the parameters, none of which has this name. */
export const TARGET_FIELD = 'target';

export interface RunFormFacts {
  readonly incident: number;
  readonly runbook: Runbook;
  /** Filled in. */
  readonly given: Given;
  readonly targets: readonly string[];
  /** Those that are known of the target; none when it is not clear which target. */
  readonly migrations: readonly string[];
}

export const runModal = (facts: RunFormFacts): ModalView =>
  form({
    id: RUN_FORM,
    title: 'Run a runbook',
    submit: 'Start',
    about: { incident: facts.incident, runbook: facts.runbook.name },
    blocks: [
      {
        type: 'section',
        text: { type: 'plain_text', text: clip(`${facts.runbook.name}: ${facts.runbook.summary}`, 3000) },
      },
      ...(facts.targets.length > 1 ? [targetField(facts)] : []),
      ...Object.entries(facts.runbook.params).map(([name, param]) => paramField(name, param, facts)),
    ],
  });

const targetField = ({ targets, given }: RunFormFacts): InputBlock =>
  selectField(TARGET_FIELD, 'Target', named(targets), given[TARGET_FIELD], 'The database that it is run on.');

/** Slack's limits for a menu; what does not fit is typed. */
const MOST = 100;
const LONGEST_VALUE = 75;

function paramField(name: string, param: Param, { given, targets, migrations }: RunFormFacts): InputBlock {
  const initial = given[name] ?? param.default;
  const label = clip(name.replaceAll('_', ' '), 200);
  const hint = clip(param.description, 2000);
  const optional = !param.required;
  const choices = choicesOf(param, targets, migrations);
  const fits = initial === undefined || choices.includes(initial);
  if (
    choices.length > 0 &&
    choices.length <= MOST &&
    fits &&
    choices.every((each) => each.length <= LONGEST_VALUE)
  )
    return selectField(name, label, named(choices), initial, hint, optional);
  const shared = { hint, optional, ...(initial === undefined ? {} : { initial }) };
  if (param.type === 'user') return userField(name, label, { ...shared, initial: userIn(initial) });
  return textField({
    id: name,
    label,
    ...shared,
    placeholder: clip(expectedOf(param).replaceAll('`', ''), 150),
    longest: 1000,
    multiline: param.type === 'text' && initial?.includes('\n') === true,
  });
}

function choicesOf(
  { type, options = [] }: Param,
  targets: readonly string[],
  migrations: readonly string[],
): readonly string[] {
  if (type === 'choice') return options;
  if (type === 'database') return targets;
  return type === 'migration' ? migrations : [];
}

const named = (values: readonly string[]) => values.map((value) => ({ value, text: value }));

/** Slack refuses an initial user that is none. */
const userIn = (value: string | undefined): string => /[UW][A-Z0-9]{2,}/.exec(value ?? '')?.[0] ?? '';
