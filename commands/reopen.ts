/** `reopen`: it is not over after all. */
import { defineCommand } from '../src/app/command.ts';
import { intendWithReason } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'reopen',
  group: 'run',
  summary: 'it is not over after all',
  usage: 'reopen <reason>',
  examples: ['reopen the errors are back'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) => intendWithReason(app, request, 'reopen', 'the errors are back'),
});
