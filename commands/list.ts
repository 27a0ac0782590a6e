/** `list`: the incidents. */
import { defineCommand } from '../src/app/command.ts';

export default defineCommand({
  verb: 'list',
  group: 'look',
  aliases: ['ls'],
  summary: 'open incidents, or all of them',
  usage: 'list [all]',
  examples: ['list', 'list all'],
  where: 'anywhere',
  permission: 'read',
  async run({ words, command }, app) {
    const incidents = await app.incidents(words.toLowerCase() === 'all' ? 'all' : 'open');
    const lines = incidents.map(
      ({ id, severity, status, title, channelId }) =>
        `inc-${id} ${severity} *${status}* ${title}${channelId ? ` <#${channelId}>` : ''}`,
    );
    return { text: lines.join('\n') || `No open incidents. \`${command} list all\` shows the ended ones.` };
  },
});
