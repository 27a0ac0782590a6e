/** `changes`: what was changed outside lately, for whoever asks what is new. */
import { defineCommand, type Request } from '../src/app/command.ts';
import { isRefusal } from '../src/app/words.ts';
import { changeText } from '../src/domain/change.ts';
import { parseDuration } from '../src/domain/duration.ts';
import { duration } from '../src/domain/metrics.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';
import type { Settings } from '../src/domain/settings.ts';
import { formatUtc } from '../src/domain/when.ts';
import { clip } from '../src/slack/views/text.ts';

const SHOWN = 20;
const LONGEST = 300;
const DAY_MS = 24 * 60 * 60 * 1000;

export default defineCommand({
  verb: 'changes',
  group: 'look',
  aliases: ['deploys'],
  summary: 'what was changed lately: deploys, migrations, flags',
  usage: 'changes [<service>] [<how long back>]',
  examples: ['changes', 'changes 2h', 'changes 7d'],
  more: [
    'The newest 20 of the last 24 hours unless told. They are what was posted to `/events/changes`, what GitHub tells, and captured and guarded migrations.',
  ],
  where: 'anywhere',
  permission: 'read',
  async run({ words, now, command }, app) {
    const wish = readWish(words, app.settings);
    if (isRefusal(wish)) return wish;
    const { service, back } = wish;
    const since = new Date(now.getTime() - back);
    const changes = await app.changes({ since, ...(service === undefined ? {} : { service }) }, SHOWN);
    const lines = changes.map((change) => {
      const ago = duration(Math.max(0, Math.round((now.getTime() - change.at.getTime()) / 1000)));
      const link = change.link === undefined ? '' : ` ${change.link}`;
      return `• ${formatUtc(change.at)}, ${ago} ago: ${clip(changeText(change), LONGEST)}${link}`;
    });
    const none = `None was told in the last ${duration(back / 1000)}. \`${command} changes 7d\` looks further back.`;
    return { text: lines.join('\n') || none };
  },
});

/** A word that is no duration is a service. */
function readWish(
  words: Request['words'],
  { services }: Settings,
): { readonly service: string | undefined; readonly back: number } | Refusal {
  let [service, back]: [string | undefined, number] = [undefined, DAY_MS];
  for (const word of words.split(/\s+/).filter(Boolean)) {
    const time = parseDuration(word);
    if (time !== undefined) back = time;
    else if (Object.hasOwn(services, word)) service = word;
    else
      return refuse('UNKNOWN_SERVICE', {
        found: word,
        known: Object.keys(services).join(', ') || 'none yet',
      });
  }
  return { service, back };
}
