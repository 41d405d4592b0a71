// The list of orders, and an order's page: live, held, retried, cancelled, and with what the services said.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, eventually, open } from './browser.mjs';

const text_of = (locator) => locator.textContent();
const state_of = (page) => text_of(page.locator('.lead .badge').first());
const broken_once = { step: 'inventory.reserve', kind: 'UNKNOWN', attempts: 3 };

const hold = (market, user) => market.place({ user, failures: [broken_once], handling: { on_failure: 'HOLD' } });

export function orders(markets) {
  test('a held order is retried on its page, and completes before one\'s eyes', async () => {
    const held = await hold(markets.open, 'held-retry');
    assert.equal(held.state, 'HELD');
    const page = await open(markets.open, `/console/orders/${held.id}`);
    assert.equal(await state_of(page), 'HELD');
    assert.match(await text_of(page.locator('.story')), /Nothing was undone/);
    await page.getByRole('button', { name: 'Retry inventory.reserve' }).click();
    await eventually(async () => (await state_of(page)) === 'COMPLETED', 'it completes');
    assert.equal(await page.getByRole('button', { name: /Retry/ }).count(), 0);
    await close(page);
  });

  test('held orders are listed, and one is cancelled there', async () => {
    const held = await hold(markets.open, 'held-cancel');
    const page = await open(markets.open, '/console/sagas');
    const row = page.locator('tr', { hasText: held.id.slice(-12) });
    await row.getByRole('button', { name: 'Cancel' }).click();
    await eventually(async () => (await row.count()) === 0, 'it leaves the list');
    const outcome = async () => (await markets.open.call('GET', `/v1/orders/${held.id}`)).body.outcome;
    await eventually(async () => (await outcome()) === 'CANCELLED' || outcome(), 'it is cancelled');
    await close(page);
  });

  test('an order\'s page is live while it runs', async () => {
    const slow = await markets.open.place(
      { user: 'slow', failures: [{ step: 'delivery.deliver', kind: 'TIMEOUT' }], handling: { max_attempts: 2, step_timeout_ms: 700 } }, 0);
    const page = await open(markets.open, `/console/orders/${slow.id}`);
    assert.equal(await state_of(page), 'RUNNING');
    await eventually(async () => (await state_of(page)) === 'REVERTED', 'it is reverted');
    assert.equal(await page.locator('.attempt.undo').count() >= 2, true);
    await close(page);
  });

  test('logs and spans of all services stand beside an order, or it is said why not', async () => {
    const order = await markets.open.place({ user: 'told', failures: [{ step: 'delivery.deliver', kind: 'REFUSE' }] });
    const page = await open(markets.open, `/console/orders/${order.id}`);
    const told = page.locator('.logs li, .empty:has-text("telemetry")').first();
    await told.waitFor();
    const { status } = await markets.open.call('GET', `/v1/orders/${order.id}/logs`);
    if (status === 200) {
      await eventually(async () => {
        const services = new Set(await page.locator('.logs .service-name').allTextContents());
        return services.size === 4 || [...services];
      }, 'logs of four services');
      await eventually(async () => (await page.locator('.waterfall .attempt').count()) >= 8, 'the spans');
    } else {
      await page.getByText(/keeps no telemetry|telemetry store is off/).waitFor();
    }
    await close(page, /503/); // a store that is off or busy
  });

  test('filters stand in the address; the way back works, and so does a link', async () => {
    await markets.open.place({ user: 'filtered', quantity: 51 });
    const page = await open(markets.open, '/console/orders');
    await page.getByLabel('User').fill('filtered');
    await page.getByLabel('User').press('Enter');
    await eventually(async () => (await page.locator('tbody tr').count()) === 1, 'one order');
    await page.getByLabel('Outcome').selectOption('SUCCESS');
    await page.getByText('No order is like that.').waitFor();
    assert.match(page.url(), /user=filtered/);
    assert.match(page.url(), /outcome=SUCCESS/);
    await page.goBack();
    await eventually(async () => (await page.locator('tbody tr').count()) === 1, 'the order is back');
    assert.match(await text_of(page.locator('tbody')), /INSUFFICIENT_FUND at payment.charge/);
    await page.reload();
    await eventually(async () => (await page.locator('tbody tr').count()) === 1, 'the same by its address');
    assert.equal(await page.getByLabel('User').inputValue(), 'filtered');
    await close(page);
  });

  test('an order that does not exist is said kindly', async () => {
    const page = await open(markets.open, '/console/orders/01932c0e-0000-7000-8000-000000000000');
    await page.getByRole('alert').getByRole('link', { name: 'What this means' }).waitFor();
    await close(page, /404/);
  });
}
