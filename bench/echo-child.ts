/** The least that a Bolt app can do: it acks a command with a word, and keeps nothing. */
import { App, SocketModeReceiver } from '@slack/bolt';
import { answer } from './child.ts';

const {
  SLACK_BOT_TOKEN: token = '',
  SLACK_APP_TOKEN: appToken = '',
  SLACK_API_URL: slackApiUrl = '',
} = process.env;

answer({
  async open() {
    const clientOptions = { slackApiUrl };
    const receiver = new SocketModeReceiver({ appToken, installerOptions: { clientOptions } });
    const app = new App({ token, receiver, clientOptions });
    app.command('/incident', ({ ack }) => ack('Heard.'));
    await app.start();
  },
});
