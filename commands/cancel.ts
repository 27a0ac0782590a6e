/** `cancel`: it was a false alarm. */
import { defineCommand } from '../src/app/command.ts';
import { intendWithReason } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'cancel',
  group: 'run',
  summary: 'it was a false alarm',
  usage: 'cancel <reason>',
  examples: ['cancel false alarm, a test query'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) => intendWithReason(app, request, 'cancel', 'false alarm, a test query'),
});
