// Takes the pictures of the documentation from a real marketplace with real orders.
//   LDT_PREFIX=... node screenshots.mjs FOLDER         (console/check --screenshots FOLDER)
import { join } from 'node:path';
import { close_browser, eventually, open, open_browser } from './browser.mjs';
import { Marketplace } from './marketplace.mjs';

const folder = process.argv[2];
const market = await Marketplace.start();
await open_browser();

const failures = [
  [{ step: 'delivery.deliver', kind: 'REFUSE' }],
  [{ step: 'payment.charge', kind: 'REFUSE' }],
  [{ step: 'inventory.reserve', kind: 'UNKNOWN', effect: 'APPLIED' }],
];

/** Orders in waves for so long, one in six of them told to fail. */
async function traffic(seconds) {
  await market.operator('POST', '/v1/inventory/late-day/restock', { quantity: 100_000 });
  const end = Date.now() + seconds * 1000;
  let placed = 0;
  const worker = async (index) => {
    while (Date.now() < end) {
      placed += 1;
      const wave = 1 + Math.sin((Date.now() / 1000 + index) / 6);
      const some = placed % 6 === 0 ? { failures: failures[(placed / 6) % failures.length] } : {};
      await market.place({ user: `student-${placed % 4000}`, ...some });
      await new Promise((resolve) => setTimeout(resolve, 20 + 60 * wave));
    }
  };
  await Promise.all(Array.from({ length: 12 }, (_, index) => worker(index)));
}

async function shoot(page, name) {
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`${name}.png`);
  await page.context().close();
}

try {
  const busy = traffic(130);
  const overview = await open(market, '/', { viewport: { width: 1200, height: 880 } });
  await overview.waitForTimeout(124_000);
  await shoot(overview, 'overview');
  await busy;

  const lab = await open(market, '/console/lab', { viewport: { width: 1200, height: 1230 } });
  await lab.getByRole('button', { name: 'Send one order' }).click();
  await eventually(async () => /REVERTED/.test(await lab.getByTestId('summary').textContent()), 'its end');
  await shoot(lab, 'laboratory');

  const failing = { user: 'alice', quantity: 2, failures: [{ step: 'delivery.deliver', kind: 'TIMEOUT', effect: 'APPLIED' }] };
  const order = await market.place(failing);
  await new Promise((resolve) => setTimeout(resolve, 3000)); // until its telemetry has arrived
  await shoot(await open(market, `/console/orders/${order.id}`, { viewport: { width: 1200, height: 760 }, scheme: 'dark' }), 'order');
  await shoot(await open(market, `/console/orders/${order.id}`, { viewport: { width: 390, height: 844 } }), 'phone');
  const traced = await open(market, `/console/orders/${order.id}`, { viewport: { width: 1200, height: 800 } });
  await traced.locator('.waterfall').waitFor();
  await traced.locator('.trace-card').screenshot({ path: join(folder, 'trace.png') });
  console.log('trace.png');
} finally {
  await close_browser();
  await market.stop();
}
