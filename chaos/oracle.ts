/** Compares what people said and were told with what Slack, the store and the target have afterwards. Pure. */
import { grouped } from './grouped.ts';
import { paged } from './oracle-pages.ts';
import { kept } from './oracle-people.ts';
import { shownAsSent } from './oracle-slack.ts';
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
    /** Who did it. */
    readonly user: string;
    readonly text: string;
  }[];
  readonly actions: readonly string[];
  /** Commands. */
  readonly inbox: readonly { readonly user: string; readonly text: string; readonly state: string }[];
  readonly outbox: readonly {
    readonly id: number;
    readonly lane: string;
    readonly effectId: string;
    readonly kind: string;
    readonly state: string;
    /** Of a file, its name. */
    readonly text: string;
    /** To whom, when it is for one person. */
    readonly user: string;
    /** What a message shows that is kept current. */
    readonly subject: string;
  }[];
  /** What the bot showed to one person alone. */
  readonly whispers: readonly { readonly to: string; readonly text: string }[];
  /** Of the bot, as Slack shows them in the end. */
  readonly messages: readonly {
    readonly channel: string;
    readonly ts: string;
    readonly text: string;
    readonly effectId: string | undefined;
  }[];
  /** Names of those that Slack shows, each as often as it does. */
  readonly files: readonly string[];
  readonly escalations: readonly {
    readonly incident: number;
    readonly number: number;
    readonly level: number;
    readonly state: string;
  }[];
  readonly pages: readonly {
    readonly incident: number;
    readonly number: number;
    readonly escalation: number;
    readonly level: number;
    readonly user: string;
    readonly at: Date;
    readonly answer: string | null;
    /** When the answer became an entry of the timeline. */
    readonly writtenAt: Date | null;
  }[];
  /** Who took which lease, and who wrote under it, in their order. */
  readonly writes: readonly { readonly what: string; readonly key: string; readonly bot: string | null }[];
  /** Tokens that the target has, each as often as it was written. */
  readonly effects: readonly string[];
  readonly markers: number;
  readonly runs: readonly { readonly token: string; readonly step: string }[];
  /** What is wrong with the chain of a timeline. */
  readonly chain: readonly string[];
  /** Bots that ended though nobody killed them, and how. */
  readonly ended: readonly string[];
  /** What was left to be done when patience was at its end. */
  readonly unsettled: string | undefined;
}

/** What is wrong, in words; nothing when all is as promised. */
export function violations(facts: Facts): readonly string[] {
  return [
    ...(facts.unsettled === undefined ? [] : [`it does not settle: ${facts.unsettled}`]),
    ...facts.ended,
    ...facts.chain,
    ...gaps(facts),
    ...facts.said.flatMap((said) => kept(said, facts)),
    ...shownAsSent(facts),
    ...paged(facts),
    ...stale(facts),
    ...dangerous(facts),
  ];
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
