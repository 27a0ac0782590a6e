/** What people type after `action`: which of its acts, and on which item. */
import { splitDeadline } from '../domain/deadline.ts';

export const LISTS = ['open', 'all', 'mine', 'overdue'] as const;

export type ActionWords =
  | { readonly kind: 'list'; readonly which: (typeof LISTS)[number] }
  | { readonly kind: 'done' | 'reopen'; readonly number: number }
  | { readonly kind: 'assign'; readonly number: number; readonly rest: string }
  | { readonly kind: 'due'; readonly number: number; readonly rest: string }
  /** Such an act without the number that it needs. */
  | { readonly kind: 'numberless'; readonly verb: string; readonly found: string }
  | { readonly kind: 'add'; readonly text: string; readonly owner?: string; readonly deadline?: string };

/** What is no act on an item is the text of a new one. */
export function readAction(words: string): ActionWords {
  const text = words.trim();
  const [, which = 'open'] = /^list(?:\s+(\w+))?$/i.exec(text) ?? [];
  const list = LISTS.find((each) => each === which.toLowerCase());
  if ((text === '' || /^list\b/i.test(text)) && list && /^(?:list(?:\s+\w+)?)?$/i.test(text))
    return { kind: 'list', which: list };
  return onItem(text) ?? { kind: 'add', ...newOne(text.replace(/^add(?:\s*:\s*|\s+|$)/i, '')) };
}

const VERBS: Readonly<Record<string, 'done' | 'reopen' | 'assign' | 'due'>> = {
  done: 'done',
  finish: 'done',
  close: 'done',
  reopen: 'reopen',
  assign: 'assign',
  reassign: 'assign',
  owner: 'assign',
  due: 'due',
};

/** `done 2`, `2 done`, `#2 done`, `assign 2 to @dba`. */
function onItem(text: string): ActionWords | undefined {
  const [, verb = '', given = '', rest = ''] =
    /^(done|finish|close|reopen|assign|reassign|owner|due)\s+#?(\d{1,6})(?:\s+(?:to\s+|on\s+)?(\S[\s\S]*))?$/i.exec(
      text,
    ) ?? [];
  if (verb !== '') return act(verb, Number(given), rest);
  const [, number, done = ''] = /^#?(\d{1,6})\s+(done|reopen)$/i.exec(text) ?? [];
  if (number !== undefined) return act(done, Number(number), '');
  const [, lonely, found = 'nothing'] =
    /^(done|finish|close|reopen|assign|reassign|due)(?:\s+(<@\w+>|#?[a-z]{1,3}))?$/i.exec(text) ?? [];
  return lonely === undefined ? undefined : { kind: 'numberless', verb: lonely.toLowerCase(), found };
}

function act(word: string, number: number, rest: string): ActionWords | undefined {
  const kind = VERBS[word.toLowerCase()];
  if (kind === undefined) return undefined;
  if (kind === 'assign' || kind === 'due') return { kind, number, rest };
  // `done 2 of the three things` is a text.
  return rest === '' ? { kind, number } : undefined;
}

const OWNER_LAST = /(?:^|\s)(?:(?:owner:?|assigned\s+to|for|->|→)\s+)?<@([UW][A-Z0-9]+)>[.,]?$/i;
const OWNER_FIRST = /^<@([UW][A-Z0-9]+)>(?:\s*[:,]\s*|\s+)(?:to\s+)?(?=\S)/;

/** Owner and deadline stand last, in either order; who is mentioned first is the owner when nobody is last. */
function newOne(words: string): Omit<Extract<ActionWords, { kind: 'add' }>, 'kind'> {
  const late = splitDeadline(words);
  const last = OWNER_LAST.exec(late.text);
  const named = last ? late.text.slice(0, last.index).trim() : late.text;
  const early = late.deadline === undefined && last ? splitDeadline(named) : { text: named };
  const deadline = late.deadline ?? ('deadline' in early ? early.deadline : undefined);
  const first = last ? null : OWNER_FIRST.exec(early.text);
  const owner = last?.[1] ?? first?.[1];
  return {
    text: first ? early.text.slice(first[0].length) : early.text,
    ...(owner === undefined ? {} : { owner }),
    ...(deadline === undefined ? {} : { deadline }),
  };
}
