/** What the bot reads of files, and where the workspace says that it is. */
import { openWorld, type World } from '../../slack/support.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('an image has the type of its name', async () => {
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'support',
    channel: 'general',
    text: 'look',
    files: [{ name: 'screen.PNG', content: 'x' }],
  });
  const [message] = (await world.messages('general')).filter((each) => each.ts === ts);
  expect(message?.files).toMatchObject([{ mimetype: 'image/png', filetype: 'png', pretty_type: 'PNG' }]);
});

test('permalinks begin with the address that auth.test tells', async () => {
  const { url } = await world.client.auth.test();
  const channel = world.slack.channels['general'] ?? '';
  const { ts = '' } = await world.client.chat.postMessage({ channel, text: 'hello' });
  const { permalink } = await world.client.chat.getPermalink({ channel, message_ts: ts });
  expect(permalink).toBe(`${String(url)}archives/${channel}/p${ts.replace('.', '')}`);
});
