/** An alert as it is kept: text that PostgreSQL can store, none of it longer than a message may be. */
import type { Alert } from '../domain/alert.ts';
import { storable } from '../domain/storable.ts';
import { oneLine } from '../domain/title.ts';
import { sha256 } from './sha256.ts';

/** Clips what is too long; a link that is no http(s) URL is left out. */
export function cleaned(alert: Alert): Alert {
  const { text, severity, service, group, link, ...rest } = alert;
  return {
    ...rest,
    fingerprint: name(alert.fingerprint),
    title: clipped(oneLine(storable(alert.title)), 300) || 'An alert without a title',
    labels: labelsOf(alert.labels),
    ...(text ? { text: clipped(text, 3000) } : {}),
    ...(severity ? { severity: clipped(severity.toLowerCase(), 100) } : {}),
    ...(service ? { service: clipped(service, 200) } : {}),
    ...(group ? { group: name(group) } : {}),
    ...(link !== undefined && isWebAddress(link) ? { link } : {}),
  };
}

const labelsOf = (labels: Alert['labels']): Alert['labels'] =>
  Object.fromEntries(
    Object.entries(labels)
      .slice(0, 64)
      .map(([label, value]) => [clipped(label, 500), clipped(value, 500)]),
  );

function clipped(text: string, length: number): string {
  if (text.length <= length) return storable(text);
  // Half of a pair at the end would be shown as a character that was not sent.
  return storable(`${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`);
}

/** Clipped, two names could become one. */
const name = (text: string): string => (text.length > 500 ? sha256(text) : storable(text));

const isWebAddress = (link: string): boolean =>
  link.length <= 2000 &&
  URL.canParse(link) &&
  /^https?:$/.test(new URL(link).protocol) &&
  storable(link) === link;
