/** `rename`: another title, and the channel's name with it. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'rename',
  group: 'run',
  aliases: ['title'],
  summary: 'give the incident and its channel another title',
  usage: 'rename <title>',
  examples: ['rename order status page shows no carrier'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) =>
    intend(
      app,
      request,
      { kind: 'rename', by: request.actor, title: request.words },
      ({ title }) => `The title is now *${title}*.`,
    ),
});
