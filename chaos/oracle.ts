/** Compares what people said and were told with what Slack, the store and the target have afterwards. Pure. */
import type { Said } from './people.ts';

export interface Facts {
  readonly said: readonly Said[];
  readonly incidents: readonly {
    readonly id: number;
    readonly title: string;
    readonly channel: string | null;
  }[];
  readonly entries: readonly {
    readonly incident: number;
    readonly seq: number;
    readonly kind: string;
    readonly text: string;
  }[];
  readonly actions: readonly string[];
  readonly inbox: readonly { readonly text: string; readonly state: string }[];
  readonly outbox: readonly {
    readonly id: number;
    readonly lane: string;
    readonly effectId: string;
    readonly kind: string;
    readonly state: string;
    readonly text: string;
    /** It goes to a channel, not to one person in private. */
    readonly posted: boolean;
  }[];
  /** Of the bot, as Slack shows them in the end. */
  readonly messages: readonly {
    readonly channel: string;
    readonly ts: string;
    readonly text: string;
    readonly effectId: string | undefined;
  }[];
  /** Who took which lease, and who wrote under it, in their order. */
  readonly writes: readonly { readonly what: string; readonly key: string; readonly bot: string | null }[];
  /** Tokens that the target has, each as often as it was written. */
  readonly effects: readonly string[];
  readonly markers: number;
  readonly runs: readonly { readonly token: string; readonly step: string }[];
  /** What is wrong with the chain of a timeline. */
  readonly chain: readonly string[];
  /** What was left to be done when patience was at its end. */
  readonly unsettled: string | undefined;
}

/** What is wrong, in words; nothing when all is as promised. */
export function violations(facts: Facts): readonly string[] {
  return [
    ...(facts.unsettled === undefined ? [] : [`it does not settle: ${facts.unsettled}`]),
    ...facts.chain,
    ...gaps(facts),
    ...facts.said.flatMap((said) => kept(said, facts)),
    ...sentOnce(facts),
    ...inOrder(facts),
    ...stale(facts),
    ...dangerous(facts),
  ];
}

/** How often a thing may have happened, by what its person was told. */
export function bounds(said: Said, inbox: string | undefined): readonly [number, number] {
  const { told, acked } = said;
  if (/unless it has begun already/.test(told)) return [0, 1];
  if (inbox === 'done') return isRefusal(told) ? [0, 0] : [1, 1];
  if (inbox === 'refused' || inbox === 'expired') return [0, 0];
  if (/\*not recorded\*|\*refused\*|was \*not\* run/.test(told)) return [0, 0];
  if (/may not have been recorded/.test(told)) return [0, 1];
  // Nobody promised anything, and nothing was written down.
  return acked ? [1, 1] : [0, 0];
}

/** The verb itself said no, perhaps after other words to the same person. */
export const isRefusal = (told: string): boolean => /^:no_entry/m.test(told);

function kept(said: Said, facts: Facts): readonly string[] {
  return [...asTold(said, facts), ...toldWhenUndone(said, facts)];
}

/** Who asked for what was recorded and then not done was told so at once, or has a direct message. */
function toldWhenUndone({ kind, token, told: answer }: Said, { inbox, messages }: Facts): readonly string[] {
  const row = token === '' ? undefined : inbox.find(({ text }) => text.includes(token));
  if (row?.state !== 'expired' && row?.state !== 'refused') return [];
  if (/\*refused\*|was not done/.test(answer)) return [];
  const told = messages.filter(({ text }) => text.includes(token) && text.includes('was *not* run'));
  return told.length === 1
    ? []
    : [`${kind} ${token} was not run (${row.state}), and its person was told so ${told.length} times`];
}

function asTold(said: Said, facts: Facts): readonly string[] {
  const count = counted(said, facts);
  if (count === undefined) return [];
  const inbox = facts.inbox.find(({ text }) => text.includes(said.token))?.state;
  const [promised, most] = bounds(said, inbox);
  const least = said.kind === 'danger' && isOver(said, facts) ? 0 : promised;
  if (count >= least && count <= most) return [];
  const told = said.told === '' ? 'nothing' : `"${said.told.slice(0, 160)}"`;
  const how = `${said.acked ? 'acked' : 'not acked'}, row ${inbox ?? 'none'}, told ${told}`;
  return [`${said.kind} ${said.token} took effect ${count} times, not ${least} to ${most}: ${how}`];
}

/** A run is refused by an incident that was resolved before it got there; that private answer is sent once at most. */
const isOver = ({ incident }: Said, { incidents, entries }: Facts): boolean =>
  homesOf(incident, incidents).some((home) =>
    entries.some(
      (entry) => entry.incident === home && entry.kind === 'status' && /→ resolved/.test(entry.text),
    ),
  );

/** Who had to say it again has perhaps declared it twice. */
const homesOf = (incident: number, incidents: Facts['incidents']): readonly number[] =>
  incidents.filter(({ title }) => title.includes(`inc${incident}t`)).map(({ id }) => id);

/** How often it took effect; undefined for what cannot be told apart. */
function counted({ kind, token, incident }: Said, facts: Facts): number | undefined {
  const entries = (wanted: string): number =>
    facts.entries.filter((entry) => entry.kind === wanted && entry.text.includes(token)).length;
  const homes = homesOf(incident, facts.incidents);
  const strays = facts.entries.filter(
    (entry) => entry.text.includes(token) && !homes.includes(entry.incident),
  ).length;
  switch (kind) {
    case 'declare':
      return facts.incidents.filter(({ title }) => title.includes(token)).length;
    case 'action':
      return facts.actions.filter((text) => text.includes(token)).length;
    case 'note':
    case 'update':
    case 'impact':
      return entries(kind) + strays;
    case 'captured':
    case 'corrected':
      return Math.min(1, entries('message')) + strays;
    case 'danger':
      return facts.runs.filter((run) => run.token === token).length;
    default:
      return undefined;
  }
}

/** Entries are numbered without a gap. */
function gaps({ entries }: Facts): readonly string[] {
  const last = new Map<number, number>();
  return entries.flatMap(({ incident, seq }) => {
    const expected = (last.get(incident) ?? 0) + 1;
    last.set(incident, seq);
    return seq === expected ? [] : [`timeline of ${incident}: entry ${seq} follows ${expected - 1}`];
  });
}

/** Each message that was to be sent is there once, and no other one. */
function sentOnce({ outbox, messages }: Facts): readonly string[] {
  const found = grouped(
    messages.filter(({ effectId }) => effectId !== undefined),
    ({ effectId }) => effectId,
  );
  const lost = outbox
    .filter(
      ({ kind, state, posted, effectId }) =>
        kind === 'say' && state === 'sent' && posted && !found.has(effectId),
    )
    .map(
      ({ id, lane, text }) => `message ${id} of ${lane} was sent and is not in Slack: ${text.slice(0, 100)}`,
    );
  const twice = [...found.values()]
    .filter((all) => all.length > 1)
    .map((all) => `Slack shows a message ${all.length} times: ${all[0]?.text.slice(0, 100) ?? ''}`);
  const known = new Set(outbox.map(({ effectId }) => effectId));
  const strange = [...found]
    .filter(([effectId]) => !known.has(effectId ?? ''))
    .map(([, [one]]) => `Slack shows a message that nobody wrote: ${one?.text.slice(0, 100) ?? ''}`);
  return [...lost, ...twice, ...strange];
}

/** What was said in a lane is in its channel in the same order. */
function inOrder({ outbox, messages }: Facts): readonly string[] {
  const at = new Map(messages.map(({ effectId, channel, ts }) => [effectId, { channel, ts }]));
  const last = new Map<string, { readonly ts: string; readonly id: number }>();
  return outbox
    .filter(({ kind }) => kind === 'say')
    .flatMap(({ id, lane, effectId }) => {
      const place = at.get(effectId);
      if (!place) return [];
      const key = `${lane} ${place.channel}`;
      const before = last.get(key);
      last.set(key, { ts: place.ts, id });
      return before && Number(before.ts) > Number(place.ts)
        ? [`message ${id} of ${lane} stands before message ${before.id}`]
        : [];
    });
}

/** Who writes under a lease is the one that took it last. */
function stale({ writes }: Facts): readonly string[] {
  const holder = new Map<string, string | null>();
  return writes.flatMap(({ what, key, bot }) => {
    if (what === 'lease') {
      holder.set(key, bot);
      return [];
    }
    const held = holder.get(key);
    return bot === null || held === bot
      ? []
      : [`${bot} wrote ${what} of ${key}, whose lease ${held ?? 'nobody'} had taken`];
  });
}

/** The target has each dangerous step at most once, with its marker, and the journal says the same. */
function dangerous({ effects, markers, runs }: Facts): readonly string[] {
  const counts = grouped(effects, (token) => token);
  const twice = [...counts].filter(([, all]) => all.length > 1);
  const disagrees = runs.filter(({ token, step }) => (step === 'done') !== counts.has(token));
  return [
    ...twice.map(([token, all]) => `the target has ${token} ${all.length} times`),
    ...disagrees.map(
      ({ token, step }) =>
        `step of ${token} is ${step}, and the target has it ${counts.get(token)?.length ?? 0} times`,
    ),
    ...(markers === effects.length
      ? []
      : [`the target has ${effects.length} effects and ${markers} markers`]),
  ];
}

function grouped<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
