// A server as one writes it by hand: node, a pool of connections to PostgreSQL, five transactions an order one after the other.
// If it dies in the midst of an order, nobody finishes that one. Arguments: PORT DATABASE_URL CONNECTIONS.
// Invariant: each of the five is committed before the next begins, and before the client hears.
import pg from 'pg';
import { serve } from './http_server.mjs';

const [port, connectionString, connections] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: Number(connections) });
pool.on('error', (error) => console.error(error));

// Each is one statement, hence a transaction of its own; named, so that PostgreSQL parses it once per connection.
const accept = { name: 'accept', text: "INSERT INTO orders(account, sku, state) VALUES ($1, $2, 'RUNNING') RETURNING id" };
const charge = {
  name: 'charge',
  text: `WITH paid AS (UPDATE accounts SET balance = balance - $3 WHERE id = $1 AND balance >= $3 RETURNING id)
         INSERT INTO ledger SELECT $2, id, $3 FROM paid`,
};
const reserve = {
  name: 'reserve',
  text: `WITH taken AS (UPDATE stock SET on_hand = on_hand - $3 WHERE sku = $1 AND on_hand >= $3 RETURNING sku)
         INSERT INTO reservations SELECT $2, sku, $3 FROM taken`,
};
const deliver = { name: 'deliver', text: 'INSERT INTO deliveries VALUES ($1, $2, $3, $4)' };
const finish = { name: 'finish', text: "UPDATE orders SET state = 'COMPLETED' WHERE id = $1" };

async function change(client, statement, values) {
  const { rowCount } = await client.query({ ...statement, values });
  if (rowCount !== 1) throw new Error(`${statement.name} was refused`);
}

/** One connection for the whole order saves four waits for a free one. */
async function place({ account, sku, quantity }) {
  const client = await pool.connect();
  try {
    const { rows } = await client.query({ ...accept, values: [account, sku] });
    const { id } = rows[0];
    await change(client, charge, [account, id, quantity]);
    await change(client, reserve, [sku, id, quantity]);
    await change(client, deliver, [id, account, sku, quantity]);
    await change(client, finish, [id]);
    return id;
  } finally {
    client.release();
  }
}

serve(Number(port), place);
