/** `note`: writes a line into the timeline, also for an earlier time. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { parseWhen, understoodIn } from '../src/domain/when.ts';

export default defineCommand({
  verb: 'note',
  group: 'record',
  summary: 'write a line into the timeline, also for an earlier time',
  usage: 'note [time] <text>',
  examples: [
    'note customers report an empty page',
    'note -15m the deploy finished',
    'note 14:05 Europe/Berlin the first error',
    'note yesterday 23:50 the batch job began',
  ],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const when = parseWhen(request.words, { now: request.cause.saidAt, timezone: app.settings.timezone });
    if (!when.ok) return when;
    const at = when.at ? { at: when.at } : {};
    // Said in a thread: where it can be read up.
    const link = request.source?.link === undefined ? {} : { link: request.source.link };
    const answer = when.at ? `Noted for ${understoodIn(when, app.settings.timezone)}.` : 'Noted.';
    return intend(
      app,
      request,
      { kind: 'note', by: request.actor, text: when.rest, ...at, ...link },
      () => answer,
    );
  },
});
