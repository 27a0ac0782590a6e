/** `drill`: an incident that is played; marked everywhere, and left out of the figures. */

import { defineCommand } from '../src/app/command.ts';
import { declareBy } from '../src/app/declare.ts';

export default defineCommand({
  verb: 'drill',
  group: 'start',
  aliases: ['exercise'],
  summary: 'play an incident: marked everywhere, left out of the figures',
  usage: 'drill [sev1-sev5] <title>',
  examples: ['drill sev1 the shop is down'],
  where: 'anywhere',
  permission: 'declare',
  run: (request, app) => declareBy(request, app, 'drill'),
});
