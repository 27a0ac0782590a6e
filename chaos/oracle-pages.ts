/** Who was paged beside who is on call: each level once, and none after somebody has answered. Pure. */
import type { Facts } from './oracle.ts';
import { ROSTER } from './plan.ts';

type Escalation = Facts['escalations'][number];
type Pages = Facts['pages'];

export function paged(facts: Facts): readonly string[] {
  return facts.escalations.flatMap((escalation) => {
    const { incident, number } = escalation;
    const pages = facts.pages.filter((page) => page.incident === incident && page.escalation === number);
    return [...onceEach(escalation, pages), ...stopped(escalation, pages)].map(
      (wrong) => `escalation ${number} of ${incident} is ${escalation.state}: ${wrong}`,
    );
  });
}

/** All up to the level that was reached, and nobody of a later one. */
function onceEach({ level: reached }: Escalation, pages: Pages): readonly string[] {
  return ROSTER.flatMap((users, index) =>
    users.flatMap((user) => {
      const level = index + 1;
      const times = pages.filter((page) => page.user === user && page.level === level).length;
      const due = level <= reached ? 1 : 0;
      return times === due ? [] : [`${user} was paged ${times} times, not ${due}`];
    }),
  );
}

/** From when the answer was written down: one that was kept on disk, or left by a crash, was said before that. */
function stopped({ level, state }: Escalation, pages: Pages): readonly string[] {
  const came = pages.find(({ answer }) => answer === 'acknowledged')?.writtenAt;
  if (state === 'exhausted' && level !== ROSTER.length) return [`it ends at level ${level}`];
  if (state !== 'acknowledged') return came ? ['somebody has acknowledged'] : [];
  if (!came) return ['nobody has acknowledged'];
  return pages.flatMap(({ user, at }) => (at > came ? [`${user} was paged after that`] : []));
}
