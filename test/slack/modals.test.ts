/** The form that declares an incident, through a real Bolt and the local Slack. */
import type { DeclareWish } from '../../src/app/app.ts';
import type { Reply } from '../../src/app/command.ts';
import type { Dispatch } from '../../src/app/dispatch.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { readDeclare } from '../../src/slack/modals.ts';
import { anIncident, appWith, inboxRows, openWorld, startBot, type World } from './support.ts';

interface View {
  readonly id: string;
  readonly user: string;
  readonly callback_id: string;
}
interface Seen {
  readonly responses: readonly { kind: string; text?: string; errors?: Record<string, string> }[];
}

const asksForForm: Dispatch = Object.assign(
  (): Promise<Reply> =>
    Promise.resolve({
      text: 'An incident needs a title.',
      refused: true,
      form: { kind: 'declare', severity: 'sev2' },
    }),
  { isDangerous: () => false },
);

let world: World;
let bot: Slack;
let wishes: { wish: DeclareWish; inboxKey: string | undefined }[];

beforeAll(async () => {
  world = await openWorld();
  const app = appWith({
    declare: (wish, { inboxKey } = {}) => {
      wishes.push({ wish, inboxKey });
      return Promise.resolve({ ok: true, incident: anIncident() });
    },
  });
  bot = await startBot(world, { app, dispatch: asksForForm });
});
beforeEach(() => {
  wishes = [];
});
afterAll(async () => {
  await bot.stop();
  await world.close();
});

const openForm = async (): Promise<View> => {
  await world.control('POST', 'commands', { user: 'oncall', channel: 'general', text: '/incident declare' });
  const { views } = await world.control<{ views: View[] }>('GET', 'state?as=oncall');
  const [view] = views;
  if (!view) throw new Error('no form was opened');
  return view;
};
const submit = (view: View, values: object): Promise<Seen> =>
  world.control('POST', 'views/submit', { user: 'oncall', view_id: view.id, values });

test('a line that says too little opens the form, and declares nothing', async () => {
  expect(await openForm()).toMatchObject({ callback_id: 'declare' });
  expect(wishes).toEqual([]);
});

test('a title of blanks is refused in the form, which stays open; the corrected form declares, once', async () => {
  const view = await openForm();
  const { responses } = await submit(view, { title: '   ' });
  expect(responses[0]?.errors?.['title']).toContain('needs a title');
  await submit(view, { title: 'order status is down', severity: 'sev1' });
  expect(wishes).toEqual([
    {
      wish: { by: world.slack.users['oncall'], title: 'order status is down', severity: 'sev1' },
      inboxKey: expect.stringMatching(/^view_submission:/) as string,
    },
  ]);
  const { views } = await world.control<{ views: View[] }>('GET', 'state?as=oncall');
  expect(views).toEqual([]);
  const forms = (await inboxRows(world)).filter(({ kind }) => kind === 'form');
  expect(forms.map(({ state }) => state)).toEqual(['done', 'done']);
});

test('the severity that was typed is chosen in the form', async () => {
  await submit(await openForm(), { title: 'slow checkout' });
  expect(wishes[0]?.wish.severity).toBe('sev2');
});

test('the shortcut opens the form too', async () => {
  await world.control('POST', 'shortcuts', { user: 'dba', callback_id: 'declare_incident' });
  const { views } = await world.control<{ views: View[] }>('GET', 'state?as=dba');
  expect(views).toHaveLength(1);
});

test('when Slack opens no form, the words say what is missing', async () => {
  await world.fault({ method: 'views.open', kind: 'error', error: 'internal_error' });
  const { responses } = await world.control<Seen>('POST', 'commands', {
    user: 'support',
    channel: 'general',
    text: '/incident declare',
  });
  expect(responses.map(({ text }) => text)).toEqual(['An incident needs a title.']);
});

test('the check is pure', () => {
  const filled = (value: string | null) => ({
    title: { title: { type: 'plain_text_input', value } },
    severity: { severity: { type: 'static_select', selected_option: { value: 'sev4' } } },
  });
  expect(readDeclare(filled(' the shop is slow '))).toEqual({ title: 'the shop is slow', severity: 'sev4' });
  expect(readDeclare(filled(null))).toHaveProperty('errors.title');
});
