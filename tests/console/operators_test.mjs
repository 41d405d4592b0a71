// What operators do: the token, the audit, stuck sagas, prices, stock and credits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, eventually, give_token, open } from './browser.mjs';

const text_of = (locator) => locator.textContent();

async function signed_in(market, path) {
  const page = await open(market, path);
  await page.evaluate((token) => sessionStorage.setItem('ldt.operator', token), market.token);
  await page.reload();
  await page.locator('h1').waitFor();
  return page;
}

const numbers_of = async (page, name) =>
  (await page.getByTestId(`equation-${name}`).locator('b').allTextContents()).map((text) => Number(text.replaceAll(',', '')));

/** An order whose undo goes on failing. Placed early: it takes some seconds until that makes it stuck. */
function place_stuck(market) {
  const failures = [{ step: 'inventory.reserve', kind: 'REFUSE' }, { step: 'payment.refund', kind: 'UNKNOWN', attempts: 15 }];
  return market.place({ user: 'stuck', failures }, 0);
}

export function operators(markets) {
  let stuck;

  test('the audit asks for the token, again if it is wrong, and shows both equations', async () => {
    stuck = await place_stuck(markets.open);
    const page = await open(markets.open, '/console/audit');
    await page.getByRole('button', { name: 'Run the audit' }).click();
    await page.getByText('operator.token', { exact: true }).waitFor();
    await give_token(page, 'wrong');
    await page.getByText('The server refused this token.').waitFor();
    await give_token(page, markets.open.token);
    await eventually(async () => /Both equations hold/.test(await text_of(page.getByTestId('verdict'))), 'the verdict');
    for (const name of ['credits', 'tokens']) {
      const [left, ...right] = await numbers_of(page, name);
      assert.ok(left > 0);
      assert.equal(left, right.reduce((sum, each) => sum + each, 0), name);
    }
    await page.getByRole('link', { name: 'Sagas' }).click();
    await page.getByText(/Every order has ended|unfinished/).first().waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0, 'it is not asked for again');
    await page.getByRole('button', { name: 'Forget operator token' }).click();
    await page.getByRole('button', { name: 'Give the operator token' }).waitFor();
    await close(page, /401/);
  });

  test('the question for the token can be closed, and nothing is done', async () => {
    const page = await open(markets.open, '/console/inventory');
    const form = page.getByRole('form', { name: 'Add stock' });
    await form.getByLabel('SKU').fill('late-day');
    await form.getByLabel('Tokens to add').fill('7');
    const before = await text_of(page.locator('tbody'));
    await form.getByRole('button', { name: 'Restock' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await text_of(page.locator('tbody')), before);
    await close(page);
  });

  test('a SKU is made, priced and stocked; a user is granted credits', async () => {
    const page = await signed_in(markets.open, '/console/inventory');
    const price = page.getByRole('form', { name: 'Make a SKU or set its price' });
    await price.getByLabel('SKU').fill('console-made');
    await price.getByLabel('Price, credits').fill('3');
    await price.getByRole('button').click();
    await page.getByText('console-made costs 3 credits now.').waitFor();
    const stock = page.getByRole('form', { name: 'Add stock' });
    await stock.getByLabel('SKU').fill('console-made');
    await stock.getByLabel('Tokens to add').fill('1200');
    await stock.getByRole('button').click();
    await page.getByText('console-made has a stock of 1,200 now.').waitFor();
    await eventually(async () => /3 credits1,200/.test(await text_of(page.locator('tr', { hasText: 'console-made' }))), 'the list shows it');
    await page.goto(`${markets.open.url}/console/accounts/granted`);
    await page.getByLabel('Credits to grant').fill('25');
    await page.getByRole('button', { name: 'Grant' }).click();
    await page.getByText(/granted has 525 credits now/).waitFor();
    await eventually(async () => (await text_of(page.getByTestId('credits'))) === '525', 'the balance');
    await close(page);
  });

  test('a stuck saga is shown, and pushed on until it has ended', async () => {
    stuck ??= await place_stuck(markets.open);
    const page = await signed_in(markets.open, '/console/sagas');
    const row = page.locator('tr', { hasText: stuck.id.slice(-12) });
    await eventually(async () => /STUCK/.test(await text_of(row)), 'it is stuck', 40_000);
    await eventually(async () => {
      if ((await row.count()) === 0) return true;
      await row.getByRole('button', { name: 'Try now' }).click({ timeout: 1000 }).catch(() => undefined);
      return false;
    }, 'it ends');
    const { body } = await markets.open.call('GET', `/v1/orders/${stuck.id}`);
    assert.deepEqual([body.state, body.stuck], ['REVERTED', false]);
    await close(page, /409/); // it may end by itself just before it is pushed
  });
}
