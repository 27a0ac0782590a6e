/** What nobody has said yet: each with who could, and the verb that says it. */
import { COMMANDER, type RoleSpec, roleOf } from '../policy.ts';
import { acts, proposalsInOrder } from './facts.ts';
import { inline } from './markdown.ts';
import { PARTS } from './parts.ts';
import type { Report } from './report.ts';
import { named, who } from './words.ts';

/** One line each; a single one that says so when nothing is missing. */
export function missing(report: Report): readonly string[] {
  const lines = [
    ...times(report),
    ...accounts(report),
    ...service(report),
    ...unsettled(report),
    ...actionItems(report),
    ...parts(report),
  ];
  return lines.length > 0 ? lines : ['Nothing that this report asks for'];
}

const line = (what: string, asked: string, verb: string): string =>
  `${what}: ask ${asked}; it is said with \`${verb}\``;

function times(report: Report): readonly string[] {
  const { milestones } = report.incident;
  const [monitor] = proposalsInOrder(report);
  const wanted = [
    ['impact_started', 'When the impact began', 'expert'],
    ['detected', 'When it was detected', COMMANDER],
    ['acknowledged', 'When somebody took it on', COMMANDER],
    ['mitigated', 'When the impact was first made smaller', 'expert'],
    ['resolved', 'When it was resolved', COMMANDER],
    ['impact_ended', 'When the impact ended', 'expert'],
  ] as const;
  return wanted
    .filter(([name]) => milestones[name] === undefined)
    .map(([name, what, role]) => {
      const seen = name === 'impact_ended' && monitor ? ` or the monitor ${inline(monitor.monitor)}` : '';
      return line(what, `${asked(report, role)}${seen}`, `milestone ${name} <time>`);
    });
}

function accounts(report: Report): readonly string[] {
  const said = report.incident.accounts;
  const wanted = [
    ['summary', 'What happened, in a line', 'scribe'],
    ['impact', 'What users could not do', 'customer-liaison'],
    ['cause', 'What the cause was', 'expert'],
    ['fix', 'What fixed it', 'expert'],
  ] as const;
  return wanted
    .filter(([name]) => said[name] === undefined)
    .map(([name, what, role]) => line(what, asked(report, role), `${name} <text>`));
}

const service = (report: Report): readonly string[] =>
  report.incident.service !== undefined || report.proposals.length > 0
    ? []
    : [`Which service was affected: ask ${asked(report, COMMANDER)}; \`summary <text>\` can name it`];

const unsettled = (report: Report): readonly string[] =>
  acts(report)
    .filter(({ step }) => step.state === 'unknown')
    .map((act) => {
      const what = `Whether ${named(act)} was carried out`;
      return `${what}: ask somebody who may approve it; it is said with \`settle\``;
    });

function actionItems(report: Report): readonly string[] {
  const { actionItems: all } = report.incident;
  const lead = asked(report, COMMANDER);
  if (all.length === 0) return [line('What is to be done', lead, 'action <text> @owner due <day>')];
  return all
    .filter(({ owner, due, done }) => !done && (owner === undefined || due === undefined))
    .map(({ number, owner }) => {
      const what = owner === undefined ? 'Who does' : 'By when to do';
      return `${what} action item ${number}: ask ${lead}; \`action\` lists what is open`;
    });
}

const parts = (report: Report): readonly string[] =>
  PARTS.filter(({ name }) => !report.parts.some(({ part }) => part === name)).map(
    ({ title, section, about }) =>
      line(`${title} (${about})`, asked(report, COMMANDER), `postmortem write ${section}`),
  );

/** Who holds the role, else who leads, else who declared it: somebody by name, whoever there was. */
function asked(report: Report, role: RoleSpec['name']): string {
  const { roles, declaredBy } = report.incident;
  for (const each of [role, COMMANDER]) {
    const holder = roles[each];
    if (holder !== undefined)
      return `${who(report, holder)} (${inline(roleOf({ roles: report.roles }, each).title)})`;
  }
  return `${who(report, declaredBy)}, who declared it`;
}
