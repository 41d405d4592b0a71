// Runs all tests of the console, one after the other, against two marketplaces: one as it comes, one that takes no failures.
import { after, before, beforeEach } from 'node:test';
import { close_browser, open_browser } from './browser.mjs';
import { Marketplace } from './marketplace.mjs';
import { laboratory } from './laboratory_test.mjs';
import { looks } from './looks_test.mjs';
import { operators } from './operators_test.mjs';
import { orders } from './orders_test.mjs';
import { outages } from './outage_test.mjs';
import { served } from './served_test.mjs';

const markets = {};
let running = '';

// Whoever watches a run sees that it is not stuck.
const heartbeat = setInterval(() => running && console.log(`  ...     ${running}`), 1800);
heartbeat.unref();

before(async () => {
  running = 'starting two marketplaces and a browser';
  [markets.open, markets.closed] = [await Marketplace.start(), await Marketplace.start(['--no-failures'])];
  await open_browser();
});
beforeEach((context) => {
  running = context.name;
});
after(async () => {
  running = 'stopping';
  await close_browser();
  await Promise.all(Object.values(markets).map((market) => market.stop()));
  clearInterval(heartbeat);
});

// The looks come first, while there are no orders and then one, and once more last, when there are many.
looks.with_no_orders(markets);
looks.with_one_order(markets);
served(markets);
laboratory(markets);
orders(markets);
operators(markets);
outages();
looks.with_many_orders(markets);
