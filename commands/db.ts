/** `db`: looks at the database; reads only. */
import { defineCommand } from '../src/app/command.ts';
import { readDbWords } from '../src/app/db-words.ts';
import { startRunbook } from '../src/app/intend.ts';
import { isRefusal } from '../src/app/words.ts';
import { checkLine } from '../src/domain/sweep.ts';

export default defineCommand({
  verb: 'db',
  group: 'database',
  aliases: ['diagnose'],
  summary: 'what is wrong with the database: migrations, failing queries, blockers (reads only)',
  usage: 'db [sweep | <check> | list] [target] [--watch]',
  examples: ['db', 'db shop', 'db blocking', 'db blocking shop', 'db sweep shop --watch', 'db list'],
  more: [
    'Without a check it is the sweep: all checks of the first minutes, the three worst findings on top.',
    '`--watch` looks every 30 s for half an hour, and says something only when something has changed.',
  ],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    if (request.words.toLowerCase() === 'list') return { text: app.checks.map(checkLine).join('\n') };
    const known = { checks: app.checks.map(({ name }) => name), targets: Object.keys(app.settings.targets) };
    const wish = readDbWords(request.words, known);
    if (isRefusal(wish)) return wish;
    const { watch, ...params } = wish;
    const once = params.check === undefined ? 'first-five-minutes' : 'check';
    return startRunbook(app, request, watch ? 'watch' : once, params);
  },
});
