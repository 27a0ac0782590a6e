/** Reads `name=value …` as people type it: a value with spaces stands in quotes, `text="two words"`. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Given } from '../domain/runbook-params.ts';

const NAME = /^([\w-]+)=/;
/** Phones make other quotes of those that were typed; a quote within is written twice. */
const QUOTED = /^(?:"((?:[^"]|"")+)"|[“”„]([^“”]+)[“”])(?=\s|$)/;
const PLAIN = /^([^\s"“”„]\S*)/;

/** What was given, by name; a refusal names what cannot be read. */
export function readParams(words: string): { readonly ok: true; readonly params: Given } | Refusal {
  const params = new Map<string, string>();
  let left = words.trim();
  while (left !== '') {
    const [found = left.split(/\s/, 1)[0] ?? left, name] = NAME.exec(left) ?? [];
    const value = name === undefined ? undefined : valueAt(left.slice(found.length));
    if (name === undefined || value === undefined) return refuse('PARAM_MALFORMED', { found: shown(left) });
    if (params.has(name)) return refuse('PARAM_TWICE', { param: name });
    params.set(name, value.text);
    left = left.slice(found.length + value.length).trimStart();
  }
  return { ok: true, params: Object.fromEntries(params) };
}

/** The value that a text begins with, and how long it is as it was typed. */
function valueAt(text: string): { readonly text: string; readonly length: number } | undefined {
  const [whole, straight, curly] = QUOTED.exec(text) ?? [];
  if (whole !== undefined)
    return { text: straight?.replaceAll('""', '"') ?? curly ?? '', length: whole.length };
  const [, word] = PLAIN.exec(text) ?? [];
  return word === undefined ? undefined : { text: word, length: word.length };
}

/** As far as it is needed to find it again. */
const shown = (text: string): string => text.split(/\s/, 1)[0] ?? text;
