/** Everything with a value: text fields, menus, dates, checkboxes. The browser's own controls, for the keyboard's sake. */
import type { ReactNode } from 'react';
import { usePage } from '../context.tsx';
import type { Element, Option } from '../model.ts';
import { withEmoji } from './button.tsx';
import { optionsOf, type Value } from './values.ts';

interface FieldProps {
  readonly element: Element;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  /** For the label. */
  readonly id: string;
  readonly label?: string;
  readonly describedBy?: string | undefined;
  readonly invalid?: boolean;
}

export function Field(props: FieldProps): ReactNode {
  const { element } = props;
  switch (element.type) {
    case 'plain_text_input':
    case 'rich_text_input':
    case 'number_input':
    case 'email_text_input':
    case 'url_text_input':
      return <TextField {...props} />;
    case 'checkboxes':
    case 'radio_buttons':
      return <Choices {...props} />;
    case 'datepicker':
    case 'timepicker':
    case 'datetimepicker':
      return <Moment {...props} />;
    default:
      return element.type.includes('select') ? <Select {...props} /> : null;
  }
}

/** What every control says of itself. */
const attributes = ({ element, id, label, describedBy, invalid }: FieldProps) => ({
  id,
  'data-action-id': element.action_id,
  'aria-describedby': describedBy,
  'aria-invalid': invalid === true ? true : undefined,
  'aria-label': label,
});

const INPUT_TYPES: Readonly<Record<string, string>> = {
  number_input: 'number',
  email_text_input: 'email',
  url_text_input: 'url',
};

function TextField(props: FieldProps): ReactNode {
  const { element, value, onChange } = props;
  const common = {
    ...attributes(props),
    value: typeof value === 'string' ? value : '',
    placeholder: element.placeholder?.text,
    maxLength: element.max_length,
    onChange: ({ target }: { target: { value: string } }) =>
      onChange(target.value === '' ? null : target.value),
  };
  return element.multiline === true || element.type === 'rich_text_input' ? (
    <textarea className="input" rows={4} {...common} />
  ) : (
    <input className="input" type={INPUT_TYPES[element.type] ?? 'text'} autoComplete="off" {...common} />
  );
}

function Select(props: FieldProps): ReactNode {
  const { element, value, onChange } = props;
  const options = useOptions(element);
  const many = element.type.startsWith('multi_');
  if (many) return <Many {...props} options={options} />;
  return (
    <select
      className="input"
      {...attributes(props)}
      value={typeof value === 'string' ? value : ''}
      onChange={({ target }) => onChange(target.value === '' ? null : target.value)}
    >
      <option value="">{element.placeholder?.text ?? 'Choose …'}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {withEmoji(option.text.text)}
        </option>
      ))}
    </select>
  );
}

/** A list of checkboxes: a menu in which several can be chosen is awkward by keyboard and by thumb. */
function Many({ options, ...props }: FieldProps & { readonly options: readonly Option[] }): ReactNode {
  return <Boxes {...props} options={options} type="checkbox" />;
}

function Choices(props: FieldProps): ReactNode {
  const type = props.element.type === 'radio_buttons' ? 'radio' : 'checkbox';
  return <Boxes {...props} options={optionsOf(props.element)} type={type} />;
}

function Boxes(
  props: FieldProps & { readonly options: readonly Option[]; readonly type: 'radio' | 'checkbox' },
): ReactNode {
  const { options, type, value, onChange, id } = props;
  const chosen = typeof value === 'string' ? [value] : (value ?? []);
  const toggle = (one: string): void => {
    if (type === 'radio') onChange(one);
    else onChange(chosen.includes(one) ? chosen.filter((each) => each !== one) : [...chosen, one]);
  };
  const rest = { ...attributes(props), 'aria-invalid': undefined };
  return (
    <div className="boxes" role="group" {...rest}>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type={type}
            name={id}
            checked={chosen.includes(option.value)}
            onChange={() => toggle(option.value)}
          />
          <span>
            {withEmoji(option.text.text)}
            {option.description && <small>{option.description.text}</small>}
          </span>
        </label>
      ))}
    </div>
  );
}

const MOMENT_TYPES: Readonly<Record<string, string>> = {
  datepicker: 'date',
  timepicker: 'time',
  datetimepicker: 'datetime-local',
};

function Moment(props: FieldProps): ReactNode {
  const { element, value, onChange } = props;
  const isBoth = element.type === 'datetimepicker';
  const shown = typeof value === 'string' ? (isBoth ? localTime(Number(value)) : value) : '';
  const read = (text: string): Value =>
    text === '' ? null : isBoth ? String(Math.floor(new Date(text).getTime() / 1000)) : text;
  return (
    <input
      className="input"
      type={MOMENT_TYPES[element.type]}
      {...attributes(props)}
      value={shown}
      onChange={({ target }) => onChange(read(target.value))}
    />
  );
}

/** As a `datetime-local` field wants it, in the browser's zone. */
function localTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A menu's own options, or the people or channels there are. */
function useOptions(element: Element): readonly Option[] {
  const { state } = usePage();
  const option = (value: string, text: string): Option => ({ value, text: { type: 'plain_text', text } });
  if (element.type.endsWith('users_select'))
    return state.users.filter(({ is_bot }) => !is_bot).map(({ id, name }) => option(id, `@${name}`));
  if (/(channels|conversations)_select$/.test(element.type))
    return state.channels.filter(({ is_im }) => !is_im).map(({ id, name }) => option(id, `#${name}`));
  return optionsOf(element);
}
