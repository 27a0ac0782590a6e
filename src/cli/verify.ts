/** `firebreak verify <incident>`: has anybody changed the timeline? */
import { Command } from 'commander';
import { type ChainedEntry, verifyChain } from '../domain/chain.ts';
import { formatUtc } from '../domain/when.ts';
import { FirebreakError } from '../errors.ts';
import { loadIncident } from '../store/incidents.ts';
import { loadChain } from '../store/timeline.ts';
import { incidentNumber, printJson, type StoreOptions, withStore } from './options.ts';
import { onStore } from './terminal.ts';

interface VerifyOptions extends StoreOptions {
  readonly anchor?: string;
  readonly json?: true;
  readonly private?: true;
}

export const verifyCommand = (): Command =>
  withStore(
    new Command('verify')
      .description("Check an incident's timeline against its hash chain")
      .argument('<incident>', 'its number', incidentNumber)
      .option(
        '--anchor <hash>',
        'a head hash printed earlier, or its first 12 signs; it must still be in the chain',
      )
      .option('--private', 'also why entries of a private incident were redacted')
      .option('--json', 'print facts as JSON'),
  ).action(async (incident: number, options: VerifyOptions) => {
    const { chain, hidden } = await onStore(options, async (store) => ({
      chain: await loadChain(store, incident),
      hidden: options.private !== true && (await loadIncident(store, incident))?.private === true,
    }));
    if (chain.length === 0) throw new FirebreakError('INCIDENT_UNKNOWN', { found: incident });
    const head = headOf(chain, options.anchor);
    const redacted = chain.flatMap(({ seq, erased }) =>
      erased ? { seq, ...erased, ...(hidden ? { reason: 'private' } : {}) } : [],
    );
    if (options.json) printJson({ incident, entries: chain.length, head, redacted });
    else
      process.stdout.write(
        `${chain.length} entries, unchanged; head ${head}\n${redacted.map(line).join('')}`,
      );
  });

/** The chain verifies without their words: who took them out is said, so that nobody does so unseen. */
const line = ({ seq, at, by, reason }: { seq: number; at: Date; by: string; reason: string }): string =>
  `entry ${seq} was redacted by ${by}, ${formatUtc(at)}: ${reason}\n`;

/** As an entry prints it, by its beginning. */
const SHORTEST_ANCHOR = 12;

/** Throws CHAIN_BROKEN or ANCHOR_MISSING. */
function headOf(chain: readonly ChainedEntry[], anchor: string | undefined): string {
  const verdict = verifyChain(chain);
  if (!verdict.ok) throw new FirebreakError('CHAIN_BROKEN', { found: verdict.seq, reason: verdict.reason });
  const wanted = anchor?.toLowerCase();
  if (
    wanted !== undefined &&
    (wanted.length < SHORTEST_ANCHOR || !chain.some(({ hash }) => hash.startsWith(wanted)))
  )
    throw new FirebreakError('ANCHOR_MISSING', { found: wanted });
  return verdict.head;
}
