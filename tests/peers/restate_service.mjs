// The order as a Restate handler: its invocation is accept, three durable steps, its result is finish.
// Arguments: PORT of the handlers (HTTP/2, for Restate's server), PORT that says how many orders have finished.
// The steps keep balances, stock and wallets in memory: only what Restate itself makes durable is measured.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import * as restate from '@restatedev/restate-sdk';
import { makeBooks } from './books.mjs';
import { toOrder } from './http_server.mjs';

// Restate's library expects what came with node 22; Debian 13 has node 20.
Promise.withResolvers ??= function withResolvers() {
  const parts = {};
  parts.promise = new this((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const [port, statusPort] = process.argv.slice(2).map(Number);
const books = makeBooks();
let finished = 0;

const orders = restate.service({
  name: 'orders',
  handlers: {
    place: async (ctx, request) => {
      const order = toOrder(request);
      await ctx.run('charge', () => books.charge(order));
      await ctx.run('reserve', () => books.reserve(order));
      await ctx.run('deliver', () => books.deliver(order));
      finished += 1;
      return { id: ctx.request().id, state: 'COMPLETED' };
    },
  },
});

const quiet = { logger: (meta, ...words) => { if (meta.level === 'error') console.error(...words); } };
const handlers = createHttp2Server(restate.createEndpointHandler({ services: [orders], ...quiet }));
handlers.listen(port, '127.0.0.1', () => console.log(`ready on port ${port}`));
createServer((request, response) => response.end(JSON.stringify({ finished }))).listen(statusPort, '127.0.0.1');
