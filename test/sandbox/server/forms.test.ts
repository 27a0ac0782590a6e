/** Modals, App Home, shortcuts and response URLs, with a real Bolt app. */
import type { App, ViewOutput } from '@slack/bolt';
import { type Answer, type Bench, channelOf, errorOf, startApp, startBench } from './support.ts';

let bench: Bench;
let app: App;
const state: { submitted?: ViewOutput; closed?: string; triggerId: string; respondUrl: string } = {
  triggerId: '',
  respondUrl: '',
};

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const form = (title: string) => ({
  type: 'modal' as const,
  callback_id: 'form',
  notify_on_close: true,
  title: plain(title),
  submit: plain('Send'),
  blocks: [
    {
      type: 'input' as const,
      block_id: 'what',
      label: plain('What'),
      element: { type: 'plain_text_input' as const, action_id: 'title' },
    },
    {
      type: 'input' as const,
      block_id: 'how_bad',
      optional: true,
      label: plain('How bad'),
      element: {
        type: 'static_select' as const,
        action_id: 'severity',
        options: ['sev1', 'sev2'].map((value) => ({ text: plain(value), value })),
      },
    },
    {
      type: 'actions' as const,
      block_id: 'more',
      elements: [{ type: 'button' as const, action_id: 'deeper', text: plain('Deeper'), value: 'x' }],
    },
  ],
});

beforeAll(async () => {
  bench = await startBench();
  app = await startApp(bench.slack, (bolt) => {
    bolt.command('/incident', async ({ ack, command, client }) => {
      state.triggerId = command.trigger_id;
      state.respondUrl = command.response_url;
      await ack();
      if (command.text === 'form')
        await client.views.open({ trigger_id: command.trigger_id, view: form('Declare') });
    });
    bolt.view('form', async ({ ack, view }) => {
      state.submitted = view;
      const title = view.state.values['what']?.['title']?.value;
      if (title === 'bad') return ack({ response_action: 'errors', errors: { what: 'say more' } });
      if (title === 'again') return ack({ response_action: 'update', view: form('Once more') });
      if (title === 'next') return ack({ response_action: 'push', view: form('Second') });
      await ack();
    });
    bolt.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, view }) => {
      state.closed = view.id;
      await ack();
    });
    bolt.action('deeper', async ({ ack, body, client }) => {
      await ack();
      if ('trigger_id' in body)
        await client.views.push({ trigger_id: body.trigger_id, view: form('Deeper') });
    });
    bolt.shortcut('declare_incident', async ({ ack, shortcut, client }) => {
      await ack();
      await client.views.open({ trigger_id: shortcut.trigger_id, view: form('From shortcut') });
    });
    bolt.shortcut(
      { callback_id: 'add_to_timeline', type: 'message_action' },
      async ({ ack, shortcut, respond }) => {
        await ack();
        await respond(`noted: ${shortcut.message.text ?? ''}`);
      },
    );
    bolt.event('app_home_opened', async ({ event, client }) => {
      const blocks = [{ type: 'section' as const, text: { type: 'mrkdwn' as const, text: 'No incidents' } }];
      await client.views.publish({ user_id: event.user, view: { type: 'home', blocks } });
    });
  });
});
afterAll(async () => {
  await app.stop();
  await bench.stop();
});

const command = (text: string) =>
  bench.act('commands', { user: 'oncall', channel: 'incidents', text: `/incident ${text}` });

async function openForm(): Promise<string> {
  const seen = await command('form');
  return String(seen.responses.find(({ kind }) => kind === 'view')?.view?.['id']);
}
const submit = (view_id: string, values: Answer) =>
  bench.act('views/submit', { user: 'oncall', view_id, values });

test('a form is opened, filled by field name and sent with its state', async () => {
  const view = await openForm();
  await submit(view, { title: 'orders down', severity: 'sev1' });
  expect(state.submitted?.state.values).toEqual({
    what: { title: { type: 'plain_text_input', value: 'orders down' } },
    how_bad: { severity: { type: 'static_select', selected_option: { text: plain('sev1'), value: 'sev1' } } },
  });
  expect(
    (await bench.control('POST', 'views/submit', { user: 'oncall', view_id: view, values: {} })).status,
  ).toBe(404);
});

test('an empty required field cannot be sent, a wrong option or field is named', async () => {
  const view = await openForm();
  const tries = [{}, { title: 'x', severity: 'sev9' }, { titel: 'x' }];
  const answers = await Promise.all(
    tries.map((values) => bench.control('POST', 'views/submit', { user: 'oncall', view_id: view, values })),
  );
  expect(answers.map(({ status, body }) => [status, body['error']])).toEqual([
    [400, 'required_field'],
    [400, 'wrong_value'],
    [400, 'no_such_field'],
  ]);
});

test('errors keep the form open, update changes it, push puts one on top', async () => {
  const view = await openForm();
  expect((await submit(view, { title: 'bad' })).responses).toEqual([
    expect.objectContaining({ kind: 'ack', errors: { what: 'say more' } }),
  ]);
  const updated = await submit(view, { title: 'again' });
  expect(updated.responses[0]?.view).toMatchObject({ id: view, title: plain('Once more') });
  const pushed = await submit(view, { title: 'next' });
  expect(pushed.responses[0]?.view).toMatchObject({ previous_view_id: view, root_view_id: view });
});

test('three modals are the most; closing one tells the app', async () => {
  let view = await openForm();
  for (let depth = 2; depth <= 3; depth += 1) {
    const seen = await bench.act('actions', { user: 'oncall', view_id: view, action_id: 'deeper' });
    view = String(seen.responses[0]?.view?.['id']);
  }
  const seen = await bench.act('actions', { user: 'oncall', view_id: view, action_id: 'deeper' });
  expect(seen.responses).toEqual([]);
  await bench.act('views/close', { user: 'oncall', view_id: view });
  expect(state.closed).toBe(view);
});

test('a trigger opens one modal, within three seconds', async () => {
  await command('nothing');
  const open = () => bench.web.views.open({ trigger_id: state.triggerId, view: form('Late') });
  await open();
  expect(await errorOf(open())).toMatchObject({ error: 'exchanged_trigger_id' });
  await command('nothing');
  bench.slack.advanceClock(3_001);
  expect(await errorOf(open())).toMatchObject({ error: 'expired_trigger_id' });
});

test('a modal with a title too long is refused with the place', async () => {
  await command('nothing');
  const answer = await errorOf(
    bench.web.views.open({ trigger_id: state.triggerId, view: form('x'.repeat(25)) }),
  );
  expect(answer).toMatchObject({
    error: 'invalid_arguments',
    response_metadata: {
      messages: ['[ERROR] must be less than 25 characters [json-pointer:/view/title/text]'],
    },
  });
});

test('a view is updated only while its hash is the one that was seen', async () => {
  await command('nothing');
  const opened = await bench.web.views.open({ trigger_id: state.triggerId, view: form('One') });
  const call = { view_id: opened.view?.id ?? '', hash: opened.view?.hash ?? '' };
  await bench.web.views.update({ ...call, view: form('Two') });
  expect(await errorOf(bench.web.views.update({ ...call, view: form('Three') }))).toMatchObject({
    error: 'hash_conflict',
  });
});

test('App Home is what the app publishes for the person', async () => {
  const { body } = await bench.control('POST', 'home', { user: 'dba' });
  expect(body).toMatchObject({ type: 'home', blocks: [{ text: { text: 'No incidents' } }] });
});

test('a global shortcut opens a form, a message shortcut carries the message', async () => {
  const opened = await bench.act('shortcuts', { user: 'oncall', callback_id: 'declare_incident' });
  expect(opened.responses[0]?.view).toMatchObject({ title: plain('From shortcut') });
  const { body } = await bench.control('POST', 'messages', {
    user: 'dba',
    channel: 'incidents',
    text: 'it began at 14:02',
  });
  const noted = await bench.act('shortcuts', {
    user: 'oncall',
    callback_id: 'add_to_timeline',
    channel: 'incidents',
    ts: body['ts'],
  });
  expect(noted.responses).toEqual([
    expect.objectContaining({ kind: 'response_url', text: 'noted: it began at 14:02' }),
  ]);
});

const respond = async (body: Answer) => {
  const response = await fetch(state.respondUrl, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Answer };
};

test('a response URL takes five answers', async () => {
  await command('nothing');
  for (let count = 0; count < 5; count += 1) expect((await respond({ text: 'x' })).status).toBe(200);
  expect(await respond({ text: 'x' })).toEqual({ status: 404, body: { ok: false, error: 'used_url' } });
});

test('a response URL lasts thirty minutes and can speak to the channel', async () => {
  await command('nothing');
  await respond({ text: 'to all', response_type: 'in_channel' });
  expect(channelOf(await bench.state(), 'incidents').messages.at(-1)).toMatchObject({ text: 'to all' });
  bench.slack.advanceClock(30 * 60_000 + 1);
  expect(await respond({ text: 'x' })).toMatchObject({ status: 404, body: { error: 'expired_url' } });
});
