/** `declare`: one line makes an incident, with its channel. */

import { defineCommand } from '../src/app/command.ts';
import { declareBy } from '../src/app/declare.ts';

export default defineCommand({
  verb: 'declare',
  group: 'start',
  aliases: ['new', 'open', 'create'],
  summary: 'declare an incident and open its channel',
  usage: 'declare [--private] [--retro] [--service <name>] [sev1-sev5] [<title>]',
  examples: [
    'declare sev1 order status page is down',
    'declare checkout is slow',
    'declare --private sev2 a key has leaked',
    'declare --retro sev2 order status outage of last night',
    'declare',
  ],
  where: 'anywhere',
  permission: 'declare',
  run: (request, app) => declareBy(request, app, 'incident'),
});
