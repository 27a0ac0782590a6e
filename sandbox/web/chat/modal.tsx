/** A form of the app: the topmost view of the person's stack. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Blocks } from '../blocks/blocks.tsx';
import { isMissing, type Value, type Values, valuesOf } from '../blocks/values.ts';
import { usePage } from '../context.tsx';
import { Dialog } from '../dialog.tsx';
import { Icon } from '../icons.tsx';
import type { Block, Element, View } from '../model.ts';
import { post, type Seen } from '../slack.ts';

const FIELDS = '.field :is(input, textarea, select)';

type Errors = Readonly<Record<string, string>>;

export function Modal({ view }: { readonly view: View }): ReactNode {
  const { viewer, act } = usePage();
  const [typed, setTyped] = useState<Values>({});
  const [errors, setErrors] = useState<Errors>({});
  const [sending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const values = merge(valuesOf(view), typed);
  const me = { user: viewer.name, view_id: view.id };

  // The browser would begin with the button that closes it.
  useEffect(() => form.current?.querySelector<HTMLElement>(FIELDS)?.focus(), []);
  const submit = async (): Promise<void> => {
    const missing = missingIn(view, values);
    setErrors(missing);
    if (Object.keys(missing).length > 0) {
      focusFirst(form.current);
      return;
    }
    setSending(true);
    const seen = await act(post<Seen>('views/submit', { ...me, values }));
    setSending(false);
    const refused = seen?.responses.find((response) => response.errors)?.errors;
    setErrors(refused ?? {});
    if (refused) focusFirst(form.current);
  };
  const change = ({ block_id: block = '' }: Block, { action_id: action }: Element, value: Value): void => {
    setTyped((before) => ({ ...before, [block]: { ...before[block], [action]: value } }));
    setErrors((before) => without(before, block));
  };
  const press = async (element: Element, value?: unknown): Promise<void> => {
    const click = { ...me, action_id: element.action_id, ...(value === undefined ? {} : { value }) };
    await act(post<Seen>('actions', click));
  };
  const close = (): void => void act(post('views/close', me));
  const title = view.title?.text ?? 'Form';
  return (
    <Dialog label={title} className="modal" onClose={close}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header>
          <h2>{title}</h2>
          <button type="button" className="icon" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div className="modal-body">
          <Blocks blocks={view.blocks} values={values} onValue={change} onAct={press} errors={errors} />
        </div>
        <footer className="dialog-buttons">
          <button type="button" className="button" onClick={close}>
            {view.close?.text ?? 'Cancel'}
          </button>
          {view.submit && (
            <button type="submit" className="button primary" disabled={sending} aria-busy={sending}>
              {view.submit.text}
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

/** Slack's own client sends no form with an empty required field. */
const missingIn = ({ blocks }: View, values: Values): Errors =>
  Object.fromEntries(
    blocks
      .filter(({ type, optional }) => type === 'input' && optional !== true)
      .filter(({ block_id: block = '', element }) => isMissing(values[block]?.[element?.action_id ?? '']))
      .map(({ block_id: block = '' }) => [block, 'Please complete this required field.']),
  );

const merge = (base: Values, over: Values): Values =>
  Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((block) => [
      block,
      { ...base[block], ...over[block] },
    ]),
  );

const without = (errors: Errors, block: string): Errors =>
  Object.fromEntries(Object.entries(errors).filter(([key]) => key !== block));

/** Once the errors are drawn. */
function focusFirst(form: HTMLFormElement | null): void {
  setTimeout(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
