/** The page of the local Slack in a headless browser, with the bot and the shop behind it. */
import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually.ts';
import {
  actAs,
  chromiumPath,
  composer,
  flaws,
  LOOKS,
  openChannel,
  openPlayhouse,
  type Playhouse,
  shoot,
  type,
} from './support.ts';

jest.setTimeout(90_000);

/** Where CI is true, Chromium is to be there. */
const browsers = chromiumPath === undefined && process.env['CI'] !== 'true' ? describe.skip : describe;
if (browsers === describe.skip)
  process.stderr.write('The browser tests were skipped: there is no Chromium.\n');

interface State {
  readonly channels: readonly {
    readonly name: string;
    readonly messages: readonly { readonly ts: string; readonly text: string }[];
    readonly pins: readonly unknown[];
  }[];
}

browsers('the page', () => {
  let house: Playhouse;
  let page: Page;
  beforeAll(async () => {
    house = await openPlayhouse();
    page = await house.visit();
  });
  afterAll(() => house.close());
  afterEach(() => expect(house.errors).toEqual([]));

  const channel = async (name: string | RegExp) => {
    const { channels } = await house.control<State>('GET', 'state');
    return channels.find((each) => (typeof name === 'string' ? each.name === name : name.test(each.name)));
  };
  const see = (text: string | RegExp, where = '.pane .messages') =>
    page.locator(where).getByText(text).last().waitFor();

  test('opens on #start-here, which says in five lines what to try', async () => {
    await see(/1. Cause the outage:/);
    await see(/5. Put the data right/);
    await page.getByRole('button', { name: 'Cause the outage' }).waitFor();
    expect(await channel('start-here')).toMatchObject({
      messages: [{ text: expect.stringMatching(/^(.+\n){4}.+$/) as string }],
    });
  });

  test('the button causes the outage; the bot is seen to notice; its button declares', async () => {
    await page.getByRole('button', { name: 'Cause the outage' }).click();
    await page.getByText('Every page fails').first().waitFor();
    await page.locator('.row', { hasText: 'incidents' }).locator('.badge').waitFor();
    await openChannel(page, 'incidents');
    await page.getByRole('button', { name: 'Declare incident' }).click();
    await page.locator('.row', { hasText: 'inc-1' }).locator('.badge').waitFor();
  });

  test('a typed command is completed, and declares', async () => {
    await openChannel(page, 'general');
    await composer(page).pressSequentially('/inc');
    await composer(page).press('Tab');
    await page.getByRole('option', { name: /declare/ }).waitFor();
    await composer(page).pressSequentially('decl');
    await composer(page).press('Enter');
    await composer(page).pressSequentially('sev1 payments are refused');
    expect(await composer(page).inputValue()).toBe('/incident declare sev1 payments are refused');
    await composer(page).press('Enter');
    await see(/Incident 2 \(sev1\) declared/);
    await page.getByText('Only visible to you').last().waitFor();
    await openChannel(page, 'inc-2');
    await see('payments are refused');
  });

  test('a form shows its error at the field, and goes once it is right', async () => {
    await openChannel(page, 'general');
    await type(page, '/incident declare');
    const form = page.getByRole('dialog', { name: 'Declare an incident' });
    await form.getByRole('button', { name: 'Declare', exact: true }).click();
    await form.getByText('Please complete this required field.').waitFor();
    await form.getByLabel('What is wrong?').fill('   ');
    await form.getByRole('button', { name: 'Declare', exact: true }).click();
    await form.getByText(/An incident needs a title/).waitFor();
    expect(await flaws(page)).toEqual([]);
    await form.getByLabel('What is wrong?').fill('checkout is slow');
    await form.getByLabel('How bad is it?').selectOption('sev2');
    await form.getByLabel('What is wrong?').press('Enter');
    await form.waitFor({ state: 'detached' });
    await page.locator('.row', { hasText: 'inc-3-checkout-is-slow' }).waitFor();
  });

  test('a person is paged, and answers with a button', async () => {
    await openChannel(page, 'inc-2');
    await type(page, '/incident escalate database nothing goes');
    await see(/database|dba/);
    await actAs(page, 'dba');
    await page.locator('.row.unread', { hasText: 'firebreak' }).click();
    await page
      .getByRole('button', { name: /Acknowledge|On it|take it/i })
      .first()
      .click();
    await see(/acknowledged/i);
    await actAs(page, 'oncall');
  });

  test('messages: a reaction, a pin, a thread, an edit', async () => {
    await openChannel(page, 'inc-2');
    await type(page, 'the cache was restarted :fire:');
    const message = page.locator('.message', { hasText: 'the cache was restarted' });
    await message.hover();
    await message.getByRole('button', { name: 'Add a reaction' }).click();
    await message.getByRole('button', { name: 'eyes' }).click();
    await message.getByRole('button', { name: 'eyes, 1', pressed: true }).waitFor();
    await message.getByRole('button', { name: 'More for this message' }).click();
    await message.getByRole('button', { name: 'Pin to this channel' }).click();
    await eventually(async () => (await channel(/^inc-2/))?.pins.length === 2);
    await message.hover();
    await message.getByRole('button', { name: 'Reply in thread' }).click();
    await page.getByLabel('Reply in the thread').fill('which one?');
    await page.getByLabel('Reply in the thread').press('Enter');
    await see('which one?', '.thread');
    await message.getByRole('button', { name: '1 reply' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Thread' }).waitFor({ state: 'detached' });
  });

  test('what others do shows without a reload', async () => {
    await openChannel(page, 'general');
    await house.control('POST', 'messages', { user: 'support', channel: 'general', text: 'customers call' });
    await see('customers call');
  });

  test('App Home opens', async () => {
    await openChannel(page, 'firebreak');
    await page.getByRole('tab', { name: 'Home' }).click();
    await page.getByRole('tab', { name: 'Home', selected: true }).waitFor();
    await page.locator('.home, .nothing').first().waitFor();
  });

  test('the calls of the app are seen as they happen, and a fault among them', async () => {
    const panel = page.getByRole('complementary', { name: 'Behind the scenes' });
    await panel.getByRole('tab', { name: 'Faults' }).click();
    await panel.getByLabel('Method').selectOption('chat.postMessage');
    await panel.getByRole('button', { name: 'Rate-limited for 5 s' }).click();
    await panel.getByRole('tab', { name: 'API calls' }).click();
    await openChannel(page, 'inc-2');
    await type(page, '/incident update we are looking');
    await panel.getByText('ratelimited').first().waitFor();
    await panel.locator('summary', { hasText: 'ratelimited' }).first().click();
    await panel.getByText('we are looking').first().waitFor();
  });

  test('by keyboard: to a channel, through the list, out of what is open', async () => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Jump to a channel' }).fill('gnrl');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'general' }).waitFor();
    await page.locator('.row[aria-current]').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'incidents' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test.each(LOOKS)(
    'at $width px, $scheme: nothing scrolls sideways, nothing serious is found',
    async (look) => {
      const visitor = await house.visit(look);
      const name = `${look.width}-${look.scheme}`;
      const check = async (what: string): Promise<void> => {
        await shoot(visitor, `${name}-${what}`);
        expect({ what, flaws: await flaws(visitor) }).toEqual({ what, flaws: [] });
      };
      await visitor.getByText('pages answered').first().waitFor();
      await check('start-here');
      await openChannel(visitor, 'inc-2');
      await visitor.getByText('the cache was restarted').waitFor();
      await check('incident');
      await visitor.getByRole('button', { name: '1 reply' }).click();
      await visitor.getByText('which one?').waitFor();
      await check('thread');
      await visitor.getByRole('button', { name: 'Close the thread' }).click();
      await composer(visitor).fill('/incident ');
      await visitor.getByRole('listbox').waitFor();
      await check('completion');
      await type(visitor, '/incident declare');
      await visitor.getByRole('dialog', { name: 'Declare an incident' }).waitFor();
      await check('form');
      await visitor.getByRole('button', { name: 'Cancel' }).click();
      await openChannel(visitor, 'firebreak');
      await visitor.getByRole('tab', { name: 'Home' }).click();
      await check('home');
      const behind = visitor.getByRole('complementary', { name: 'Behind the scenes' });
      if (!(await behind.isVisible()))
        await visitor.getByRole('button', { name: /Behind the scenes/ }).click();
      for (const tab of ['Story', 'API calls', 'Faults']) {
        await behind.getByRole('tab', { name: tab }).click();
        await check(tab);
      }
      await visitor.context().close();
    },
  );
});
