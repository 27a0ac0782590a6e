/** The line that declares an incident: read from what was typed, and written for whoever is to type it again. */
import type { Kind } from '../domain/incident.ts';
import type { Policy } from '../domain/policy.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { DeclareWish } from './app.ts';
import { headOf, isRefusal, looksLikeSeverity, readSeverity } from './words.ts';

export type DeclareWords = Pick<
  DeclareWish,
  'title' | 'severity' | 'kind' | 'private' | 'service' | 'anyway' | 'proposal'
>;

const FLAGS = ['--private', '--retro', '--anyway', '--service <name>'];
/** Phones make one long dash of two. */
const FLAG = /^(?:--|—|–)([a-z]+)$/i;
const END = /^(?:--|—|–)$/;

type Found = Partial<DeclareWords> & Pick<DeclareWords, 'title'>;

/** Flags and one severity may stand in any order before the title, which `--` may begin; a title may be missing. */
export function readDeclare(words: string, policy: Policy, kind: Kind): DeclareWords | Refusal {
  let found: Found = { title: words, ...(kind === 'incident' ? {} : { kind }) };
  for (;;) {
    const { head, rest } = headOf(found.title);
    if (END.test(head)) return { severity: usual(policy), ...found, title: rest };
    const read = readHead(found, policy);
    if (read === undefined) return { severity: usual(policy), ...found };
    if (isRefusal(read)) return read;
    found = { ...found, ...read };
  }
}

/** `declare --anyway --private sev2 it is down`; the title stays one, whatever it begins with. */
export function declareLine(wish: DeclareWords): string {
  const { title, severity, kind, service, proposal } = wish;
  const words = [
    kind === 'drill' ? 'drill' : 'declare',
    ...(wish.anyway ? ['--anyway'] : []),
    ...(kind === 'retrospective' ? ['--retro'] : []),
    ...(wish.private ? ['--private'] : []),
    ...(service === undefined ? [] : ['--service', service]),
    severity,
    ...(proposal === undefined ? [] : [`proposal:${proposal}`]),
    ...(needsEnd(title) ? ['--'] : []),
    title,
  ];
  return words.join(' ');
}

/** A title that would be read as what stands before one. */
function needsEnd(title: string): boolean {
  const { head } = headOf(title);
  return FLAG.test(head) || END.test(head) || /^proposal:/.test(head);
}

/** Without a word about how bad it is: the middle of what is configured, `sev3` of five. */
const usual = ({ severities }: Policy): string =>
  severities[Math.floor((severities.length - 1) / 2)]?.name ?? 'sev3';

/** What the first word says besides the title; undefined when the title begins with it. */
function readHead(found: Found, policy: Policy): Found | Refusal | undefined {
  const { head, rest } = headOf(found.title);
  const flag = FLAG.exec(head)?.[1]?.toLowerCase();
  if (flag !== undefined) return readFlag(flag, head, rest);
  const proposal = /^proposal:(\d{1,9})$/.exec(head)?.[1];
  if (proposal !== undefined && found.proposal === undefined)
    return { title: rest, proposal: Number(proposal) };
  // `sev2 sev1 alerts are silent`: the second one begins the title.
  if (found.severity !== undefined || !looksLikeSeverity(head, policy)) return undefined;
  const severity = readSeverity(head, policy);
  return isRefusal(severity) ? severity : { title: rest, severity };
}

function readFlag(flag: string, head: string, rest: string): Found | Refusal {
  switch (flag) {
    case 'private':
      return { title: rest, private: true };
    case 'retro':
    case 'retrospective':
      return { title: rest, kind: 'retrospective' };
    case 'drill':
      return { title: rest, kind: 'drill' };
    case 'anyway':
      return { title: rest, anyway: true };
    case 'service': {
      const named = headOf(rest);
      return { title: named.rest, service: named.head };
    }
    default:
      return refuse('UNKNOWN_FLAG', { found: head, known: FLAGS.join(', ') });
  }
}
