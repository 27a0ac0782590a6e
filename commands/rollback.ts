/** `rollback`: plans the rollback of a migration; a second person approves it. */
import { type App } from '../src/app/app.ts';
import { defineCommand } from '../src/app/command.ts';
import { startRunbook } from '../src/app/intend.ts';
import { headOf } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'rollback',
  group: 'database',
  summary: 'plan the rollback of a migration; another person approves the plan',
  usage: 'rollback [migration] [target] [--large]',
  examples: ['rollback', 'rollback 1717408740000_order-status-cleanup shop'],
  where: 'incident',
  permission: 'dangerous',
  async run(request, app) {
    const { words, large } = withoutLarge(request.words);
    const { head, rest: target } = headOf(words);
    const migration = head || (await proposedMigration(app, request.incident ?? 0));
    if (migration === undefined) return refuse('MIGRATION_UNKNOWN');
    return startRunbook(app, request, 'migration-rollback', {
      migration,
      ...(target ? { target } : {}),
      ...(large ? { large: 'yes' } : {}),
    });
  },
});

/** The yes to a copy above `snapshot.max_bytes`, anywhere in the line; phones make a dash of two hyphens. */
function withoutLarge(line: string): { readonly words: string; readonly large: boolean } {
  const all = line.split(/\s+/);
  const words = all.filter((word) => !/^(?:--|–|—)large$/i.test(word));
  return { words: words.join(' '), large: words.length < all.length };
}

/** The one that the incident's monitor saw to be fresh. */
async function proposedMigration(app: App, incident: number): Promise<string | undefined> {
  const record = await app.record(incident);
  return record?.proposals.find(({ migration }) => migration)?.migration?.name;
}
