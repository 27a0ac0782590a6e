/** `lead`: claims the incident commander's role, hands it over, or takes it over. */
import { defineCommand } from '../src/app/command.ts';
import { assign } from '../src/app/intend.ts';
import { COMMANDER } from '../src/domain/policy.ts';

export default defineCommand({
  verb: 'lead',
  group: 'people',
  aliases: ['commander', 'ic'],
  summary: "claim the incident commander's role, hand it over, or take it over",
  usage: 'lead [@user | take]',
  examples: ['lead', 'lead @commander', 'lead take'],
  where: 'incident',
  permission: 'respond',
  run: (request, app) => assign(app, request, COMMANDER, request.words, 'lead @commander'),
});
