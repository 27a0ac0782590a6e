/** `firebreak backup` and `firebreak restore`: Firebreak's own store as one file, to any PostgreSQL and back. */
import { Command } from 'commander';
import { verifyChain } from '../domain/chain.ts';
import { FirebreakError } from '../errors.ts';
import { backUp } from '../store/backup.ts';
import { incidentNumbers } from '../store/incidents.ts';
import { restore } from '../store/restore.ts';
import type { Store } from '../store/store.ts';
import { loadChain } from '../store/timeline.ts';
import { claimStore, reachStore } from './attach.ts';
import { type StoreOptions, withStore } from './options.ts';

export const backupCommand = (): Command =>
  withStore(
    new Command('backup')
      .description("Write Firebreak's own store into one file, also while the bot runs")
      .requiredOption('--out <file>', 'a new file; it holds all that was said, so it is for its owner alone'),
  ).action(async ({ out, ...options }: StoreOptions & { out: string }) => {
    const { store, close } = await reachStore(options);
    try {
      const rows = await backUp(store, out, new Date());
      process.stdout.write(`${out}: ${amount(rows)}\n`);
    } finally {
      await close();
    }
  });

export const restoreCommand = (): Command =>
  withStore(
    new Command('restore')
      .description('Fill an empty store from the file of a backup, and verify every timeline')
      .argument('<file>', 'what `firebreak backup` wrote'),
  ).action(async (file: string, options: StoreOptions) => {
    const { store, close } = await claimStore(options);
    try {
      const { header, rows } = await restore(store, file);
      process.stdout.write(`Restored ${amount(rows)}, as of ${header.made_at}.\n`);
      process.stdout.write(`Verified ${count(await verifyAll(store), 'timeline')}.\n`);
    } finally {
      await close();
    }
  });

function amount(rows: Readonly<Record<string, number>>): string {
  const all = Object.values(rows).reduce((sum, each) => sum + each, 0);
  return `${count(rows['incidents'], 'incident')}, ${count(rows['timeline'], 'timeline entry', 'timeline entries')}, ${count(all, 'row')}`;
}

const count = (number = 0, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

/** Answers how many; throws CHAINS_BROKEN when somebody changed one before it was backed up, or in the file. */
async function verifyAll(store: Store): Promise<number> {
  const incidents = await incidentNumbers(store);
  const broken: string[] = [];
  for (const incident of incidents)
    if (!verifyChain(await loadChain(store, incident)).ok) broken.push(`inc-${incident}`);
  if (broken.length > 0) throw new FirebreakError('CHAINS_BROKEN', { found: broken.join(', ') });
  return incidents.length;
}
