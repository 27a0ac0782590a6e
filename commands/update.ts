/** `update`: tells everybody how it stands. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'update',
  group: 'run',
  summary: 'tell everybody how it stands',
  usage: 'update <text>',
  examples: ['update we found the migration and are rolling it back'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) =>
    intend(app, request, { kind: 'update', by: request.actor, text: request.words }, () => 'Update posted.'),
});
