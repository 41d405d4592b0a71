// Pages of a real Chromium, watched: whatever the browser logs as an error, and whatever leaves for another host, is kept.
import assert from 'node:assert/strict';
import { axe_source, chromium } from './libraries.mjs';

export const phone = { width: 320, height: 700 };
export const tablet = { width: 768, height: 1024 };
export const desktop = { width: 1280, height: 860 };

let browser;

export async function open_browser() {
  browser = await chromium.launch({
    executablePath: process.env.LDT_CHROMIUM ?? '/usr/bin/chromium',
    headless: !process.env.LDT_SHOW,
    chromiumSandbox: process.getuid?.() !== 0, // which root cannot have
    args: ['--disable-dev-shm-usage'],
  });
}

export const close_browser = () => browser?.close();

/** A page in a browser context of its own. */
export async function open(market, path = '/', { viewport = desktop, scheme = 'light', motion = 'reduce' } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: motion });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: market.url });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.errors = [];
  page.strangers = [];
  page.on('pageerror', (error) => page.errors.push(`${error.message}\n${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') page.errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(market.url)) page.strangers.push(request.url());
  });
  await page.goto(market.url + path);
  await page.locator('h1').waitFor();
  return page;
}

/** Closes the page; fails if its log has an error other than those that were to be expected. */
export async function close(page, expected = /(?!)/) {
  const errors = page.errors.filter((error) => !expected.test(error));
  const { strangers } = page;
  await page.context().close();
  assert.deepEqual(errors, [], 'errors in the log of the browser');
  assert.deepEqual(strangers, [], 'requests to other hosts');
}

/** Asks again and again until it is so. */
export async function eventually(is_so, what, patience_ms = 15_000) {
  const deadline = Date.now() + patience_ms;
  for (;;) {
    const seen = await is_so();
    if (seen === true) return;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${patience_ms} ms; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What axe has against the page as it is now. */
export async function violations(page) {
  await page.evaluate(axe_source);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.map((each) => `${each.id}: ${each.help}: ${each.nodes.map((node) => node.target.join(' ')).slice(0, 3).join(' | ')}`);
}

/** By how many pixels the page is wider than the window, or a table or a figure than its card; null if nothing is. */
export const overflow = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const frame = [...document.querySelectorAll('.table-frame')].find((each) => each.scrollWidth > each.clientWidth + 1);
    if (frame) return `a table of ${frame.scrollWidth} px in a frame of ${frame.clientWidth} px`;
    const figure = [...document.querySelectorAll('.figure')].find((each) => each.scrollWidth > each.clientWidth);
    if (figure) return `the figure "${figure.textContent}" is ${figure.scrollWidth} px in ${figure.clientWidth} px`;
    const beyond = document.documentElement.scrollWidth - width;
    if (beyond <= 0) return null;
    const guilty = [...document.querySelectorAll('main *')].filter((each) => each.getBoundingClientRect().right > width + 1);
    return `${beyond} px: ${guilty.slice(0, 3).map((each) => `${each.tagName}.${each.getAttribute('class')}`)}`;
  });

/** How much of the page jumped while it was loaded, as browsers score it: 0 is nothing, up to 0.1 counts as good. */
export const layout_shift = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, each) => sum + each.value, 0))).observe({
          type: 'layout-shift',
          buffered: true,
        });
        setTimeout(() => resolve(0), 100); // no entry, no call
      }),
  );

/** Gives the token that the console asks for. */
export async function give_token(page, token) {
  const field = page.getByLabel('Token', { exact: true });
  await field.fill(token);
  await page.getByRole('button', { name: 'Use it' }).click();
}
