/** The blocks of a message, a modal or App Home: text by the library, everything to press or fill in by us. */
import { memo, type ReactNode, useId } from 'react';
import type { Block, Element } from '../model.ts';
import { type Act, ActionButton } from './button.tsx';
import { Field } from './field.tsx';
import { OverflowMenu } from './overflow.tsx';
import { TextBlocks } from './text.tsx';
import type { Value, Values } from './values.ts';

export interface BlocksProps {
  readonly blocks: readonly Block[];
  readonly onAct: Act;
  /** What the fields of a view hold; in messages a choice goes to the app at once. */
  readonly values?: Values;
  readonly onValue?: (block: Block, element: Element, value: Value) => void;
  /** By block id. */
  readonly errors?: Readonly<Record<string, string>>;
}

export const Blocks = memo(function Blocks({ blocks, ...rest }: BlocksProps) {
  return (
    <div className="blocks">
      {groups(blocks).map((group, index) => {
        const [first] = group;
        const key = first?.block_id ?? index;
        if (first === undefined) return null;
        return isText(first) ? (
          <TextBlocks key={key} blocks={group} />
        ) : (
          <OneBlock key={key} block={first} {...rest} />
        );
      })}
    </div>
  );
});

/** Text blocks that follow each other go together; every other block stands alone. */
function groups(blocks: readonly Block[]): readonly (readonly Block[])[] {
  const all: Block[][] = [];
  for (const block of blocks) {
    const last = all.at(-1);
    if (last?.[0] && isText(block) && isText(last[0])) last.push(block);
    else all.push([block]);
  }
  return all;
}

const isText = ({ type, accessory }: Block): boolean =>
  type !== 'actions' && type !== 'input' && (accessory === undefined || accessory.type === 'image');

type OneProps = Omit<BlocksProps, 'blocks'> & { readonly block: Block };

function OneBlock(props: OneProps): ReactNode {
  const { block } = props;
  if (block.type === 'input') return <InputBlock {...props} />;
  if (block.type === 'actions')
    return (
      <div className="actions">
        {(block.elements ?? []).map((element) => (
          <Interactive key={element.action_id} {...props} element={element} />
        ))}
      </div>
    );
  const { accessory, ...text } = block;
  return (
    <div className="with-accessory">
      <TextBlocks blocks={[text]} />
      {accessory && (
        <div className="accessory">
          <Interactive {...props} element={accessory} />
        </div>
      )}
    </div>
  );
}

/** An element outside of an input block: to use it tells the app at once. */
function Interactive({ block, element, onAct, values, onValue }: OneProps & { readonly element: Element }) {
  const id = useId();
  if (element.type === 'button' || element.type === 'workflow_button')
    return <ActionButton element={element} onAct={onAct} />;
  if (element.type === 'overflow') return <OverflowMenu element={element} onAct={onAct} />;
  const change = (value: Value): void => {
    onValue?.(block, element, value);
    void onAct(element, value);
  };
  const value = values?.[block.block_id ?? '']?.[element.action_id] ?? initialOf(element);
  const label = element.placeholder?.text ?? element.action_id;
  return <Field element={element} value={value} onChange={change} id={id} label={label} />;
}

const initialOf = (element: Element): Value => {
  const initial = (element as unknown as Record<string, unknown>)['initial_option'] as
    | { readonly value: string }
    | undefined;
  return initial?.value ?? null;
};

function InputBlock({ block, onAct, values, onValue, errors }: OneProps): ReactNode {
  const id = useId();
  const { label, hint, optional, element, block_id: blockId = '' } = block;
  if (!element) return null;
  const error = errors?.[blockId];
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={`field ${error === undefined ? '' : 'wrong'}`}>
      <label htmlFor={id}>
        {label?.text}
        {optional === true && <span className="muted"> (optional)</span>}
      </label>
      <Field
        element={element}
        id={id}
        value={values?.[blockId]?.[element.action_id] ?? null}
        describedBy={described === '' ? undefined : described}
        invalid={error !== undefined}
        onChange={(value) => {
          onValue?.(block, element, value);
          if (block.dispatch_action === true) void onAct(element, value);
        }}
      />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint.text}
        </p>
      )}
      {error !== undefined && (
        <p className="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
