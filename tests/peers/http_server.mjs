// What the servers of the comparison share: POST /orders places an order and answers when it has ended; GET /finished says
// how many have. Depends on node alone. Invariant: an order that was answered 201 is counted.
import { createServer } from 'node:http';

/** wrk's script names users and SKUs as the marketplace does; the servers know them by number. */
export function toOrder({ user, sku, quantity }) {
  return { account: Number(user.slice(5)), sku: Number(sku.slice(5)), quantity };
}

/**
 * @param {number} port
 * @param {(order: {account: number, sku: number, quantity: number}) => Promise<string>} place  gives the order's id
 */
export function serve(port, place) {
  let finished = 0;
  const answer = (response, status, body) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  };
  const server = createServer((request, response) => {
    if (request.url === '/finished') return answer(response, 200, { finished });
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part) => { text += part; });
    request.on('end', async () => {
      try {
        const id = await place(toOrder(JSON.parse(text)));
        finished += 1;
        answer(response, 201, { id, state: 'COMPLETED' });
      } catch (error) {
        console.error(error);
        answer(response, 500, { error: String(error) });
      }
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1', 1024, () => console.log(`ready on port ${port}`));
}
