/** `archive`: puts the channel of an ended incident away; nothing else does. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'archive',
  group: 'run',
  summary: 'archive the channel of an incident that has ended',
  usage: 'archive',
  examples: ['archive'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) =>
    intend(app, request, { kind: 'archive', by: request.actor }, () => 'The channel is being archived.'),
});
