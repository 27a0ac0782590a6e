/** `firebreak verify <incident>`: has anybody changed the timeline? */
import { Command } from 'commander';
import { verifyChain } from '../domain/chain.ts';
import { FirebreakError } from '../errors.ts';
import { loadChain } from '../store/timeline.ts';
import { attachStore } from './attach.ts';
import { incidentNumber } from './options.ts';

export const verifyCommand = (): Command =>
  new Command('verify')
    .description("Check an incident's timeline against its hash chain")
    .argument('<incident>', 'its number', incidentNumber)
    .option('--anchor <hash>', 'a head hash printed earlier; it must still be in the chain')
    .option('--data-dir <dir>', "Firebreak's data folder")
    .action(async (id: number, options: { anchor?: string; dataDir?: string }) => {
      const { store, close } = await attachStore(options);
      try {
        const chain = await loadChain(store, id);
        if (chain.length === 0) throw new FirebreakError('INCIDENT_UNKNOWN', { found: id });
        const verdict = verifyChain(chain);
        if (!verdict.ok)
          throw new FirebreakError('CHAIN_BROKEN', { found: verdict.seq, reason: verdict.reason });
        const { anchor } = options;
        if (anchor !== undefined && !chain.some(({ hash }) => hash === anchor)) {
          throw new FirebreakError('ANCHOR_MISSING', { found: anchor });
        }
        process.stdout.write(`${chain.length} entries, unchanged; head ${verdict.head}\n`);
      } finally {
        await close();
      }
    });
