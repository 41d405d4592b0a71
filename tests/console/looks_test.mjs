// How it looks and feels: every page with no orders and with many, on a desk and on a phone, dark and light, by keyboard
// alone, and what axe has to say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, eventually, give_token, layout_shift, open, overflow, phone, tablet, violations } from './browser.mjs';

const pages = ['/', '/console/orders', '/console/lab', '/console/inventory', '/console/accounts', '/console/sagas', '/console/audit'];

// Each width and each of the colours once: what goes wrong depends on one or the other.
const ways = [
  ['on a desk, light', {}],
  ['on a tablet, light', { viewport: tablet }],
  ['on a phone, dark', { viewport: phone, scheme: 'dark' }],
];

/** Visits each page and looks at it. */
async function look_at_all(market, paths, options) {
  const page = await open(market, paths[0], options);
  for (const path of paths) {
    if (path !== paths[0]) await page.goto(market.url + path);
    await page.locator('h1').waitFor();
    await eventually(async () => (await page.getByText('Loading…').count()) === 0, `${path} has loaded`);
    await page.waitForTimeout(150); // for what is drawn after it was loaded
    const shift = await layout_shift(page);
    assert.ok(shift <= 0.1, `${path} jumps: ${shift}`);
    assert.equal(await overflow(page), null, `${path} is too wide`);
    assert.deepEqual(await violations(page), [], path);
  }
  await close(page);
}

async function place_samples(market) {
  const failed = await market.place({
    user: 'a-user-with-a-rather-long-name-to-see-what-it-does-to-the-page',
    failures: [{ step: 'delivery.deliver', kind: 'TIMEOUT', effect: 'APPLIED' }, { step: 'payment.refund', kind: 'UNKNOWN', attempts: 2 }],
    handling: { step_timeout_ms: 100 },
  });
  return [`/console/orders/${failed.id}`, `/console/accounts/${encodeURIComponent(failed.user)}`];
}

/** The name of what has the focus; of the page itself, nothing. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body || element?.tagName === 'MAIN') return '';
    return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
  });

/** Presses Tab until the focus is there. */
async function tab_to(page, wanted) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if (wanted.test(await focused(page))) return;
  }
  assert.fail(`Tab never reaches ${wanted}`);
}

const with_no_orders = (markets) => {
  for (const [name, options] of ways) {
    test(`no orders yet: every page says what to do, ${name}`, async () => {
      await look_at_all(markets.closed, pages, options);
      const page = await open(markets.closed, '/', options);
      await page.getByText('No orders yet.').waitFor();
      await page.getByText('./ldt order alice late-day 2 --fail delivery.deliver=TIMEOUT:applied').waitFor();
      await close(page);
    });
  }
};

const with_one_order = (markets) => {
  for (const [name, options] of ways) {
    test(`one order: every page, ${name}`, async () => {
      const market = markets.closed;
      const { body } = await market.call('GET', '/v1/orders?limit=1');
      const order = body.orders[0] ?? (await market.place({ user: 'the-only-one' }));
      const paths = [...pages, `/console/orders/${order.id}`, `/console/accounts/${order.user}`];
      await look_at_all(market, paths, options);
      const page = await open(market, '/', options);
      await page.locator(`a[href="/console/orders/${order.id}"]`).waitFor();
      await page.goto(`${market.url}/console/accounts/${order.user}`);
      await page.getByText('490').first().waitFor();
      await close(page);
    });
  }
};

const with_many_orders = (markets) => {
  test('many orders: a thousand are placed', async () => {
    await markets.open.place_many(1000, 'many');
  });

  for (const [name, options] of ways) {
    test(`many orders: every page, ${name}`, async () => {
      await look_at_all(markets.open, [...pages, ...(await place_samples(markets.open))], options);
    });
  }

  test('a hundred thousand orders of as many users: every page is there at once, and nothing is cut off', async (context) => {
    const market = markets.open;
    let placed = 0;
    for (let rounds = 0; placed < 100_000 && rounds < 30; rounds += 1) {
      const users = String(10_000_000 - 200_000 * rounds); // hardly any twice
      const load = ['--duration', '5', '--failures', '3', '--users', users, '--no-audit', '--json'];
      const answer = await market.ldt('bench', '--data', market.data, ...load);
      assert.ok(answer.code <= 1, `${answer.stdout}${answer.stderr}`); // 1: overloaded by what else runs here
      const { body } = await market.call('GET', '/v1/activity?seconds=1');
      placed = body.totals.completed + body.totals.reverted;
    }
    assert.ok(placed >= 100_000, `${placed} orders after all rounds`);
    context.diagnostic(`${placed} orders`);
    const { body: newest } = await market.call('GET', '/v1/orders?state=REVERTED&limit=1');
    const [order] = newest.orders;
    const paths = [...pages, '/console/orders?state=REVERTED', '/console/orders?outcome=INSUFFICIENT_INVENTORY',
      '/console/orders?outcome=CANCELLED', `/console/orders/${order.id}`, `/console/accounts/${order.user}`];
    for (const [name, options] of ways) {
      const page = await open(market, '/', options);
      for (const path of paths) {
        const began = Date.now();
        await page.goto(market.url + path);
        await page.locator('h1').waitFor();
        await eventually(async () => (await page.getByText('Loading…').count()) === 0, `${path} has loaded`);
        const took = Date.now() - began;
        context.diagnostic(`${path} ${name}: ${took} ms`);
        assert.ok(took < 5_000, `${path} ${name} took ${took} ms`);
        assert.equal(await overflow(page), null, `${path} ${name} is too wide`);
      }
      await page.goto(`${market.url}/console/audit`);
      await page.getByRole('button', { name: 'Run the audit' }).click();
      await give_token(page, market.token);
      await page.getByText('Both equations hold').waitFor();
      assert.equal(await overflow(page), null, `the audit ${name} is too wide`);
      await page.goto(`${market.url}/console/inventory`);
      const rows = page.locator('tbody tr');
      await eventually(async () => (await rows.count()) === 25 || (await rows.count()), 'a page of SKUs');
      await page.getByRole('button', { name: 'Show more' }).click();
      await eventually(async () => (await rows.count()) === 50 || (await rows.count()), 'two pages of SKUs');
      await close(page);
    }
  });

  test('tables fit every width between a phone and a desk', async () => {
    const page = await open(markets.open, '/');
    const { body } = await markets.open.call('GET', '/v1/orders?limit=1');
    for (const path of ['/', '/console/orders', '/console/inventory', `/console/accounts/${body.orders[0].user}`]) {
      await page.goto(markets.open.url + path);
      await page.locator('tbody tr').first().waitFor();
      for (const width of [720, 721, 800, 980, 981, 1080, 1081, 1160, 1240, 1241, 1340, 1341]) {
        await page.setViewportSize({ width, height: 800 });
        assert.equal(await overflow(page), null, `${path} at ${width} px`);
      }
    }
    await close(page);
  });

  test('many orders: the list goes on page by page', async () => {
    const page = await open(markets.open, '/console/orders');
    const rows = page.locator('tbody tr');
    await eventually(async () => (await rows.count()) === 50, 'fifty');
    for (const count of [100, 150]) {
      await page.getByRole('button', { name: 'Show more' }).click();
      await eventually(async () => (await rows.count()) === count || (await rows.count()), `${count}`);
    }
    const links = await rows.locator('a.mono').evaluateAll((all) => all.map((each) => each.getAttribute('href')));
    assert.equal(new Set(links).size, 150, 'none twice');
    await close(page);
  });

  test('the overview is live: orders appear, and the charts are drawn', async () => {
    const page = await open(markets.open, '/');
    await page.getByText(/^live/).waitFor();
    const order = await markets.open.place({ user: 'seen-live', sku: 'many-many', failures: [{ step: 'payment.charge', kind: 'REFUSE' }] });
    await page.locator(`a[href="/console/orders/${order.id}"]`).waitFor();
    const { body } = await markets.open.call('GET', '/openapi.json');
    if (body.paths['/v1/activity']) await eventually(async () => (await page.locator('.plot canvas').count()) === 3, 'three charts');
    await close(page);
  });

  test('everything can be done by keyboard alone', async () => {
    const page = await open(markets.open, '/console/lab');
    await page.keyboard.press('Tab');
    assert.match(await focused(page), /Skip to the page/);
    await page.keyboard.press('Enter');
    await tab_to(page, /^inventory\.reserve/);
    await page.keyboard.press('Enter');
    assert.equal(await page.getByLabel(/^Step/).inputValue(), 'inventory.reserve');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth);
    assert.equal(outline, '4px', 'the focus is seen');
    await tab_to(page, /^TIMEOUT: no answer/);
    await page.keyboard.type('REF');
    assert.equal(await page.getByLabel('Kind').inputValue(), 'REFUSE');
    await tab_to(page, /^Send one order$/);
    await page.keyboard.press('Enter');
    const said = page.locator('[aria-live] [data-testid=summary]');
    await eventually(async () => /REVERTED INSUFFICIENT_INVENTORY/.test(await said.textContent()), 'it is announced');
    await close(page);
  });

  test('the menu of a phone opens, leads on, and closes', async () => {
    const page = await open(markets.open, '/', { viewport: phone });
    const menu = page.getByRole('button', { name: 'Menu' });
    assert.equal(await page.getByRole('navigation').isVisible(), false);
    await menu.click();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
    assert.equal(await page.getByRole('navigation').isVisible(), false);
    await close(page);
  });

  test('the colours follow the system until they are chosen, and then stay', async () => {
    const page = await open(markets.open, '/console/inventory', { scheme: 'dark' });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.getByRole('button', { name: 'Use light colours' }).click();
    const light = await background();
    assert.notEqual(light, dark);
    await page.reload();
    assert.equal(await background(), light);
    await close(page);
  });

  test('a page that does not exist says so', async () => {
    const page = await open(markets.open, '/console/nowhere');
    await page.getByRole('heading', { name: 'No such page' }).waitFor();
    await close(page);
  });
};

export const looks = { with_no_orders, with_one_order, with_many_orders };
