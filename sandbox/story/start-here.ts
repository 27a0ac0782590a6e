/** What #start-here says: in five lines, what to try. */

const CHANNEL = 'start-here';
/** One of the people of the story. */
const AUTHOR = 'commander';

/** `command` is the slash command's name. */
const startHere = (command: string): string =>
  [
    '*1. Cause the outage:* press the button below. A release breaks the table `order_status`, and every order page of the shop fails.',
    `*2. Watch the bot:* within seconds it says so in #incidents. Declare there: \`${command} declare sev1 order status is down\`.`,
    `*3. Find out:* in the incident's channel, \`${command} db\` looks at the database, and \`${command} rollback\` plans the way back.`,
    '*4. Fix it:* act as `dba` (below the channels) and press Approve, since nobody approves a plan of their own. A forgotten connection can stand in the way; its button is below, too.',
    `*5. Put the data right* with the repair that the bot offers, then \`${command} resolve\` and \`${command} postmortem\`.`,
  ].join('\n');

/** Posts it as a person of the story would. */
export async function postStartHere(slackUrl: string, command: string): Promise<void> {
  const response = await fetch(`${slackUrl}/sandbox/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: AUTHOR, channel: CHANNEL, text: startHere(command) }),
  });
  if (!response.ok) throw new Error(`#${CHANNEL} took no message: ${await response.text()}`);
}
