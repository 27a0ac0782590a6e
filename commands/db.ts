/** `db`: looks at the database; reads only. */
import { defineCommand } from '../src/app/command.ts';
import { startRunbook } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'db',
  group: 'database',
  aliases: ['diagnose'],
  summary: 'what is wrong with the database: migrations, failing queries, blockers (reads only)',
  usage: 'db [target]',
  examples: ['db', 'db shop'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) =>
    startRunbook(app, request, 'first-five-minutes', request.words ? { target: request.words } : {}),
});
