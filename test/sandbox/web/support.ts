/** A browser, and the whole sandbox behind the page it opens. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { openPlayground } from '../../../src/cli/sandbox.ts';
import { PACKAGE_ROOT } from '../../../src/version.ts';
import { controlOf } from '../../support/control.ts';
import { createTestDatabase } from '../../support/database.ts';

const require = createRequire(import.meta.url);
const run = promisify(execFile);

/** Debian's, and where others have theirs. */
const PLACES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const chromiumPath = PLACES.find((place) => place !== '' && existsSync(place));

const SWITCHES = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

export interface Look {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

const DESKTOP: Look = { width: 1280, scheme: 'light' };
export const LOOKS: readonly Look[] = [
  DESKTOP,
  { width: 1280, scheme: 'dark' },
  { width: 390, scheme: 'light' },
  { width: 390, scheme: 'dark' },
];

export interface Playhouse {
  readonly url: string;
  /** A fresh browser profile; closed with the rest. */
  visit(look?: Look): Promise<Page>;
  control<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** What went wrong in any page so far. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export async function openPlayhouse(): Promise<Playhouse> {
  if (chromiumPath === undefined) throw new Error('There is no Chromium, and CI is true.');
  const webDir = await mkdtemp(join(tmpdir(), 'firebreak-page-'));
  const store = await createTestDatabase();
  const shop = await createTestDatabase('empty');
  const vite = join(PACKAGE_ROOT, 'node_modules/vite/bin/vite.js');
  const built = run(process.execPath, [vite, 'build', '--outDir', webDir, '--logLevel', 'error'], {
    cwd: PACKAGE_ROOT,
  });
  const playground = await openPlayground(
    {},
    {
      databases: { storeUrl: store.url, shopUrl: shop.url, roleSuffix: `_${shop.name}` },
      orders: 2000,
      slack: { webDir },
    },
  );
  await built;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: SWITCHES });
  const errors: string[] = [];
  return {
    url: playground.url,
    errors,
    visit: (look = DESKTOP) => visit(browser, playground.url, look, errors),
    control: controlOf(playground.url),
    async close() {
      await browser.close();
      await playground.close();
      await Promise.all([store.drop(), shop.drop(), rm(webDir, { recursive: true, force: true })]);
    },
  };
}

async function visit(browser: Browser, url: string, look: Look, errors: string[]): Promise<Page> {
  const isPhone = look.width < 600;
  const context = await browser.newContext({
    viewport: { width: look.width, height: isPhone ? 844 : 800 },
    colorScheme: look.scheme,
    hasTouch: isPhone,
    isMobile: isPhone,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** Opens a channel from the list, which phones keep in a drawer. */
export async function openChannel(page: Page, name: string | RegExp): Promise<void> {
  const menu = page.getByRole('button', { name: 'Channels', exact: true });
  if (await menu.isVisible()) await menu.click();
  await page.locator('.row', { hasText: name }).first().click();
}

export async function actAs(page: Page, name: string): Promise<void> {
  const menu = page.getByRole('button', { name: 'Channels', exact: true });
  if (await menu.isVisible()) await menu.click();
  await page.getByLabel('Act as').selectOption(name);
  if (await page.locator('.scrim').isVisible()) await page.keyboard.press('Escape');
}

export const composer = (page: Page) => page.locator('.pane .composer textarea');

export async function type(page: Page, line: string): Promise<void> {
  await composer(page).fill(line);
  await composer(page).press('Enter');
}

/** Runs in the page: the checks are compiled without the browser's types. */
const LOOK_FOR_FLAWS = `(async () => {
  const boxes = [document.documentElement, ...document.querySelectorAll('.messages, .side, .home, .dialog-body')];
  const wide = boxes
    .filter((box) => box.scrollWidth > box.clientWidth + 1)
    .map((box) => 'scrolls sideways: ' + (box.className || box.nodeName));
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target.join(' ') + ' ' + failureSummary).join('; '));
  return [...wide, ...serious];
})()`;

/** Serious findings of axe-core, and what can be scrolled sideways. */
export async function flaws(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
  return page.evaluate<string[]>(LOOK_FOR_FLAWS);
}

const SHOTS = process.env['SCREENSHOTS'];

/** Kept when SCREENSHOTS names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
