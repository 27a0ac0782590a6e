/** What Slack shows in the end beside what was to be sent. Pure. */
import { grouped } from './grouped.ts';
import type { Facts } from './oracle.ts';

export function shownAsSent(facts: Facts): readonly string[] {
  return [
    ...refused(facts),
    ...sentOnce(facts),
    ...inOrder(facts),
    ...currentOnce(facts),
    ...filesOnce(facts),
    ...whisperedOnce(facts),
  ];
}

/** Nothing in a plan gives Slack a reason to refuse what is sent. */
const refused = ({ outbox }: Facts): readonly string[] =>
  outbox
    .filter(({ state }) => state === 'refused')
    .map(({ id, lane, kind, text }) => `${kind} ${id} of ${lane} was refused: ${text.slice(0, 100)}`);

/** Each message that was to be sent is there once, and no other one. */
function sentOnce({ outbox, messages }: Facts): readonly string[] {
  const found = grouped(
    messages.filter(({ effectId }) => effectId !== undefined),
    ({ effectId }) => effectId,
  );
  const lost = outbox
    .filter(({ kind, state, effectId }) => kind === 'say' && state === 'sent' && !found.has(effectId))
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

/** Of cards, pages and the like, which are kept current, there is one message each. */
function currentOnce({ outbox, messages }: Facts): readonly string[] {
  const kept = grouped(
    outbox.filter(({ kind, state }) => kind === 'live' && state === 'sent'),
    ({ lane, subject }) => `${subject} in ${lane}`,
  );
  return [...kept].flatMap(([what, all]) => {
    const ids = new Set(all.map(({ effectId }) => effectId));
    const shown = messages.filter(({ effectId }) => effectId !== undefined && ids.has(effectId)).length;
    return shown === 1 ? [] : [`Slack shows ${what} ${shown} times`];
  });
}

function filesOnce({ outbox, files }: Facts): readonly string[] {
  const sent = outbox.filter(({ kind, state }) => kind === 'file' && state === 'sent');
  return [...new Set([...sent.map(({ text }) => text), ...files])].flatMap((name) => {
    const [due, shown] = [
      sent.filter(({ text }) => text === name).length,
      files.filter((each) => each === name).length,
    ];
    return due === shown ? [] : [`Slack shows the file ${name} ${shown} times, not ${due}`];
  });
}

/** What is offered to one person alone is sent once at most. */
function whisperedOnce({ outbox, whispers }: Facts): readonly string[] {
  const due = grouped(
    outbox.filter(({ kind }) => kind === 'whisper'),
    ({ user }) => user,
  );
  const heard = grouped(
    whispers.filter(({ text }) => OFFER.test(text)),
    ({ to }) => to,
  );
  return [...heard].flatMap(([to, all]) => {
    const most = due.get(to)?.length ?? 0;
    return all.length <= most ? [] : [`${to} was offered ${all.length} times how it stands, not ${most}`];
  });
}

/** A whisper of its own, and no answer to anything. */
export const OFFER = /^You have just joined/;
