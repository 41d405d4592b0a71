// What the console shows while services are gone, and after they are back: a marketplace of its own, since it is taken down.
import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { close, eventually, open } from './browser.mjs';
import { Marketplace } from './marketplace.mjs';

/** The process of that name that works in the marketplace's folder. */
async function pid_of(market, name) {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const [folder, words] = await Promise.all([
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    ]);
    if (folder === market.data && words.split('\0')[0].endsWith(name)) return Number(pid);
  }
  return assert.fail(`no process ${name} in ${market.data}`);
}

export function outages() {
  test('a service that hangs is shown, without an error in the log; when all are gone, none is called ready', async () => {
    const market = await Marketplace.start();
    try {
      const page = await open(market, '/');
      const state = (service) => page.locator('.services li', { hasText: service }).locator('.badge');
      const is = (service, wanted) =>
        eventually(async () => (await state(service).textContent()) === wanted || (await state(service).textContent()), `${service} ${wanted}`);
      await is('payment', 'ready');
      const payment = await pid_of(market, 'ldt-payment');
      process.kill(payment, 'SIGSTOP');
      await is('payment', 'not ready');
      await is('order', 'ready');
      assert.deepEqual(page.errors, [], 'a service that hangs is no error of the page');
      process.kill(payment, 'SIGCONT');
      await is('payment', 'ready');

      const address = market.url.replace('http://', '');
      await market.ldt('down', '--data', market.data);
      await page.getByText('no connection, trying again…').waitFor();
      for (const service of ['order', 'payment', 'inventory', 'delivery']) await is(service, 'unknown');
      assert.equal(await page.getByText('The marketplace cannot be reached').count(), 1, 'said once');
      await market.ldt('up', '--data', market.data, '--http', address, '--detach');
      for (const service of ['order', 'payment', 'inventory', 'delivery']) await is(service, 'ready');
      await page.getByText(/^live/).waitFor();
      await close(page, /ERR_|Failed to load/);
    } finally {
      await market.stop();
    }
  });
}
