/** `lead`: takes or hands over the incident commander's role. */
import { defineCommand } from '../src/app/command.ts';
import { assign } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'lead',
  group: 'people',
  aliases: ['commander', 'ic'],
  summary: "take the incident commander's role, or hand it over",
  usage: 'lead [@user]',
  examples: ['lead', 'lead @commander'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) => assign(app, request, 'commander', request.words || 'me', 'lead @commander'),
});
