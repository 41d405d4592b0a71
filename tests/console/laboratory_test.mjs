// The failure laboratory: orders that are told to fail, watched until they are reverted; one, a hundred, by hand.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { close, eventually, open } from './browser.mjs';

const run = promisify(execFile);
const node_of = (page, step) => page.locator(`.saga-picture [data-step="${step}"]`);
const text_of = (locator) => locator.textContent();
const summary_of = (page) => text_of(page.getByTestId('summary'));
const step_field = (page) => page.getByLabel(/^Step/);
const words_of = (field) => field.locator('option').allTextContents();
const values_of = (field) => field.locator('option').evaluateAll((all) => all.map((each) => each.value));

async function open_lab(market, user) {
  const page = await open(market, '/console/lab');
  await page.getByLabel('User', { exact: true }).fill(user);
  return page;
}

export function laboratory(markets) {
  test('an order that is told to fail does, and is reverted before one\'s eyes', async () => {
    const page = await open_lab(markets.open, 'lab-one');
    await page.getByRole('button', { name: 'Send one order' }).click();
    await eventually(async () => /TIMEOUT|under way/.test(await text_of(node_of(page, 'delivery.deliver'))), 'the delivery fails on the picture');
    await eventually(async () => (await summary_of(page)).trim() === 'REVERTED TIMEOUT at delivery.deliver' || (await summary_of(page)), 'its end');
    assert.match(await text_of(node_of(page, 'delivery.deliver')), /TIMEOUT ×3/);
    for (const undo of ['delivery.revoke', 'inventory.release', 'payment.refund']) {
      assert.match(await text_of(node_of(page, undo)), /SUCCESS/, undo);
    }
    assert.equal(await page.locator('.results .attempt').count(), 8);
    assert.equal(await page.locator('.results .attempt-struck').count(), 3);
    await page.locator('.results a.mono').click();
    await page.getByRole('heading', { level: 1, name: /^Order …/ }).waitFor();
    assert.match(await text_of(page.locator('.story')), /Everything was undone: lab-one kept 20 credits/);
    await page.getByRole('link', { name: 'lab-one' }).first().click();
    await eventually(async () => (await text_of(page.getByTestId('credits'))) === '500', 'the money is back');
    assert.equal(await text_of(page.getByTestId('tokens')), '0');
    await close(page);
  });

  test('an order that is told nothing completes, and the tokens are in the wallet', async () => {
    const page = await open_lab(markets.open, 'lab-good');
    await page.getByRole('button', { name: 'Remove this failure' }).click();
    await page.getByRole('button', { name: 'Send one order' }).click();
    await eventually(async () => (await summary_of(page)).trim() === 'COMPLETED', 'its end');
    await page.goto(`${markets.open.url}/console/accounts/lab-good`);
    await eventually(async () => (await text_of(page.getByTestId('tokens'))) === '2', 'two tokens');
    assert.equal(await text_of(page.getByTestId('credits')), '480');
    await close(page);
  });

  test('only combinations that make sense are offered', async () => {
    const page = await open(markets.open, '/console/lab');
    for (const step of ['payment.refund', 'inventory.release', 'delivery.revoke', 'order.finish']) {
      await node_of(page, step).click();
      const kinds = await words_of(page.getByLabel('Kind'));
      assert.ok(!kinds.some((kind) => kind.startsWith('REFUSE')), `${step} cannot refuse`);
      assert.equal(kinds.length, 4);
    }
    await node_of(page, 'inventory.reserve').click();
    await page.getByLabel('Kind').selectOption('REFUSE');
    assert.ok(await page.getByLabel('It strikes').isDisabled());
    assert.deepEqual(await words_of(page.getByLabel(/^Refusal/)), ['INSUFFICIENT_INVENTORY']);
    await page.getByLabel('Kind').selectOption('DELAY');
    const late = page.getByLabel(/^Late by/);
    await late.fill('9999');
    await late.blur();
    assert.equal(await late.inputValue(), '499', 'below the time of a step');
    await close(page);
  });

  test('every combination that is offered is one that the server takes', async () => {
    const page = await open(markets.open, '/console/lab');
    const steps = await values_of(step_field(page));
    assert.equal(steps.length, 8);
    const orders = [];
    for (const step of steps) {
      await step_field(page).selectOption(step);
      const kinds = await values_of(page.getByLabel('Kind'));
      for (const kind of kinds) {
        await page.getByLabel('Kind').selectOption(kind);
        const effects = await values_of(page.getByLabel('It strikes'));
        for (const effect of effects) {
          if (effects.length > 1) await page.getByLabel('It strikes').selectOption(effect);
          const curl = await text_of(page.getByTestId('curl'));
          orders.push(JSON.parse(/-d '(.*)'$/s.exec(curl)[1]));
        }
      }
    }
    assert.equal(orders.length, 8 * 4 * 2 + 4);
    for (const order of orders) {
      // A price above the limit: it is checked like any other, and then not placed.
      const answer = await markets.open.call('POST', '/v1/orders', { ...order, max_unit_price: 0 });
      assert.equal(answer.body.type, '/errors/price-above-limit', JSON.stringify([order, answer.body]));
    }
    await close(page);
  });

  test('what is copied does the same in a terminal', async () => {
    const page = await open_lab(markets.open, "o'brien lab");
    await node_of(page, 'payment.charge').click();
    await page.getByLabel('Kind').selectOption('REFUSE');
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    const order = JSON.parse((await run('bash', ['-c', curl.replace(/^curl/, 'curl --max-time 20')])).stdout);
    assert.deepEqual([order.user, order.state, order.outcome], ["o'brien lab", 'REVERTED', 'INSUFFICIENT_FUND']);
    await page.getByRole('button', { name: 'Copy as ./ldt' }).click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const words = `${command.replace('./ldt', join(process.env.LDT_PREFIX, 'bin', 'ldt'))} --url ${markets.open.url} --json`;
    const answer = await run('bash', ['-c', words]).catch((error) => error);
    assert.match(answer.stdout, /"outcome": ?"INSUFFICIENT_FUND"/);
    await close(page);
  });

  test('a hundred orders are sent, each is listed, and their ends are counted', async () => {
    const page = await open_lab(markets.open, 'lab-hundred');
    await node_of(page, 'inventory.reserve').click();
    await page.getByLabel('Kind').selectOption('UNKNOWN');
    await page.getByRole('button', { name: 'Send a hundred' }).click();
    await eventually(
      async () => /100 REVERTED UNKNOWN at inventory\.reserve/.test(await summary_of(page)) || (await summary_of(page)),
      'all hundred are reverted', 40_000);
    assert.equal(await page.locator('.run-list li').count(), 100);
    assert.match(await text_of(node_of(page, 'payment.refund')), /100 ✓/);
    const listed = await markets.open.call('GET', '/v1/orders?user=lab-hundred-100');
    assert.equal(listed.body.orders.length, 1, 'each was placed once, by a user of its own');
    await close(page);
  });

  test('a crash of the order service itself is survived, and the order placed once', async () => {
    const page = await open_lab(markets.open, 'lab-crash');
    await node_of(page, 'order.accept').click();
    await page.getByLabel('Kind').selectOption('CRASH');
    await page.getByLabel('It strikes').selectOption('APPLIED'); // the order is stored, and its answer lost
    await page.getByRole('button', { name: 'Send one order' }).click();
    await eventually(async () => (await summary_of(page)).trim() === 'COMPLETED' || (await summary_of(page)), 'it completes', 30_000);
    const listed = await markets.open.call('GET', '/v1/orders?user=lab-crash');
    assert.equal(listed.body.orders.length, 1);
    await close(page, /ERR_|503/); // the browser logs every connection that breaks
  });

  test('a server that takes no failures says so', async () => {
    const page = await open_lab(markets.closed, 'lab-closed');
    await page.getByRole('button', { name: 'Send one order' }).click();
    await page.getByText('This server takes no failure instructions.').waitFor();
    await page.getByRole('button', { name: 'Remove this failure' }).click();
    await page.getByRole('button', { name: 'Send one order' }).click();
    await eventually(async () => (await summary_of(page)).trim() === 'COMPLETED', 'an order without completes');
    await close(page, /403/);
  });
}
