// The order as a DBOS workflow: its start is accept, three steps, its end is finish; DBOS makes all five durable in PostgreSQL.
// Arguments: PORT DATABASE_URL CONNECTIONS.
// The steps keep balances, stock and wallets in memory: only what DBOS itself makes durable is measured.
import { DBOS } from '@dbos-inc/dbos-sdk';
import { makeBooks } from './books.mjs';
import { serve } from './http_server.mjs';

const [port, systemDatabaseUrl, connections] = process.argv.slice(2);
const books = makeBooks();

async function placeOrder(order) {
  await DBOS.runStep(() => books.charge(order), { name: 'charge' });
  await DBOS.runStep(() => books.reserve(order), { name: 'reserve' });
  await DBOS.runStep(() => books.deliver(order), { name: 'deliver' });
  return DBOS.workflowID;
}
const workflow = DBOS.registerWorkflow(placeOrder, { name: 'placeOrder' });

DBOS.setConfig({
  name: 'ldt-peers', systemDatabaseUrl, systemDatabasePoolSize: Number(connections), logLevel: 'error', enableOTLP: false,
});
await DBOS.launch();
serve(Number(port), (order) => workflow(order));
