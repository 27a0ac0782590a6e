/** Who does what in an incident: a role is claimed, handed over, or taken over from whom one means. */
import { person } from '../actor.ts';
import { type Decision, decision, entry, everywhere, invite, type Moment, say } from '../decision.ts';
import type { Effect } from '../effects.ts';
import { type Incident, isOpen } from '../incident.ts';
import type { Wish } from '../intents.ts';
import { acknowledge } from '../milestone.ts';
import { COMMANDER, type Policy, type RoleSpec, roleOf } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { notOpen } from './not-open.ts';

export function assignRole(
  incident: Incident,
  wish: Wish<'role'>,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  const { role, user, by } = wish;
  const before = incident.roles[role];
  const spec = roleOf(policy, role);
  if (!policy.roles.includes(spec))
    return refuse('UNKNOWN_ROLE', { found: role, known: policy.roles.map(({ name }) => name).join(', ') });
  if (before === user) return refuse('ROLE_SAME', { role: spec.title, found: person(user) });
  // Who tells it afterwards still says who did what.
  if (!isOpen(incident) && incident.kind !== 'retrospective') return notOpen(incident);
  if (before !== undefined && isTakenFrom(before, wish))
    return refuse('ROLE_HELD', { role: spec.title, holder: person(before), name: role }, [
      { label: 'Take over', line: `role inc-${incident.id} ${role} take ${person(before)}` },
    ]);
  const held = { ...incident, roles: { ...incident.roles, [role]: user } };
  const words = `${spec.title}: ${before ? `${person(before)} → ` : ''}${person(user)}`;
  return decision(
    role === COMMANDER ? acknowledge(held, by, moment) : held,
    [entry(moment.said, 'role', by, words)],
    [invite(incident, [user]), say(incident, words), ...duties(incident, user, spec), ...everywhere(held)],
  );
}

/** Two people who claim a role at once: the second one is told instead of replacing the first unawares. */
const isTakenFrom = (holder: string, { user, by, over }: Wish<'role'>): boolean =>
  user === by && over !== holder;

/** What is expected of the holder, to them alone; nothing is of who had the role in what is over. */
const duties = (incident: Incident, user: string, { title, duties: all }: RoleSpec): readonly Effect[] =>
  all.length === 0 || incident.kind === 'retrospective'
    ? []
    : [
        {
          kind: 'say',
          to: { kind: 'user', id: user },
          text: [
            `You are *${title}* of incident ${incident.id}: ${incident.title}`,
            ...all.map((duty) => `• ${duty}`),
          ].join('\n'),
        },
      ];
