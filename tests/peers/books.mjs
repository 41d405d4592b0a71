// Balances, stock and wallets in memory, for peers whose own record of each step is what is durable.
// Invariant: a step changes something and gives a result, so that there is something to make durable.
export function makeBooks() {
  const balances = new Map();
  const stock = new Map();
  const wallets = new Map();
  const add = (book, key, change, initial) => {
    const value = (book.get(key) ?? initial) + change;
    book.set(key, value);
    return value;
  };
  return {
    charge: async ({ account, quantity }) => ({ outcome: 'SUCCESS', balance: add(balances, account, -quantity, 1_000_000) }),
    reserve: async ({ sku, quantity }) => ({ outcome: 'SUCCESS', onHand: add(stock, sku, -quantity, 1_000_000_000) }),
    deliver: async ({ account, sku, quantity }) => ({ outcome: 'SUCCESS', holds: add(wallets, `${account}/${sku}`, quantity, 0) }),
  };
}
