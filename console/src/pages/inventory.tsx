// What is sold: price and stock of each SKU; operators make SKUs, set prices and add stock.
import { useState } from 'preact/hooks';
import { api } from '../api/client';
import { as_operator, Declined } from '../api/operator';
import type { InventoryItem } from '../api/types';
import { credits, number } from '../lib/format';
import { usePolled } from '../lib/poll';
import { Card, Empty, More, PageHead, ProblemNote } from '../parts/basics';

/** Runs an operator's change and keeps what it said. */
function use_change(done: () => void) {
  const [said, set_said] = useState('');
  const [error, set_error] = useState<Error>();
  const change = async (call: () => Promise<string>) => {
    set_error(undefined);
    set_said('');
    try {
      set_said(await call());
      done();
    } catch (caught) {
      if (!(caught instanceof Declined)) set_error(caught as Error);
    }
  };
  return { said, error, change };
}

const whole = (form: HTMLFormElement, name: string): number => Number(new FormData(form).get(name));
const word = (form: HTMLFormElement, name: string): string => String(new FormData(form).get(name)).trim();

const Changes = ({ items, done }: { items: InventoryItem[]; done: () => void }) => {
  const { said, error, change } = use_change(done);
  const price = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const sku = word(form, 'sku');
    return change(async () => {
      const item = await as_operator(`to set the price of ${sku}`, (token) =>
        api.set_price(token, sku, whole(form, 'price')),
      );
      return `${item.sku} costs ${credits(item.price)} now.`;
    });
  };
  const restock = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const sku = word(form, 'sku');
    return change(async () => {
      const item = await as_operator(`to restock ${sku}`, (token) => api.restock(token, sku, whole(form, 'quantity')));
      return `${item.sku} has a stock of ${number(item.stock)} now.`;
    });
  };
  const names = 'inventory-skus';
  return (
    <Card title="For operators">
      <form class="fields" onSubmit={price} aria-label="Make a SKU or set its price">
        <label>
          SKU
          <input name="sku" required pattern="[a-z0-9.\-]{1,64}" title="1 to 64 of a-z, 0-9, . and -" list={names} />
        </label>
        <label>
          Price, credits
          <input name="price" type="number" min={0} max={1_000_000_000} required />
        </label>
        <button type="submit">Make it, or set the price</button>
      </form>
      <form class="fields" onSubmit={restock} aria-label="Add stock">
        <label>
          SKU
          <input name="sku" required pattern="[a-z0-9.\-]{1,64}" title="1 to 64 of a-z, 0-9, . and -" list={names} />
        </label>
        <label>
          Tokens to add
          <input name="quantity" type="number" min={1} max={1_000_000_000_000} required />
        </label>
        <button type="submit">Restock</button>
      </form>
      <datalist id={names}>
        {items.map((item) => (
          <option key={item.sku} value={item.sku} />
        ))}
      </datalist>
      <p class="said" role="status" aria-live="polite">
        {said}
      </p>
      {error && <ProblemNote error={error} />}
    </Card>
  );
};

const StockTable = ({ items }: { items: InventoryItem[] }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>SKU</th>
          <th class="right">Price</th>
          <th class="right">On hand</th>
          <th class="right">Reserved</th>
          <th class="right">Sold</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.sku}>
            <td data-label="SKU">
              <strong class="name">{item.sku}</strong>
            </td>
            <td data-label="Price" class="right">
              {credits(item.price)}
            </td>
            <td data-label="On hand" class={`right ${item.stock === 0 ? 'text-bad' : ''}`}>
              {number(item.stock)}
            </td>
            <td data-label="Reserved" class="right">
              {number(item.reserved)}
            </td>
            <td data-label="Sold" class="right">
              {number(item.sold)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const page_size = 25; // what operators do stands below it

export const Inventory = () => {
  const [older, set_older] = useState<{ items: InventoryItem[]; cursor: string | null }>();
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<Error>();
  const first = usePolled(
    () => api.inventory(page_size),
    'inventory',
    () => 2000,
  );
  const items = [...(first.data?.inventory ?? []), ...(older?.items ?? [])];
  const cursor = older ? older.cursor : (first.data?.next_cursor ?? null);
  const more = async () => {
    set_busy(true);
    set_error(undefined);
    try {
      const page = await api.inventory(page_size, cursor);
      set_older({ items: [...(older?.items ?? []), ...page.inventory], cursor: page.next_cursor });
    } catch (caught) {
      set_error(caught as Error);
    }
    set_busy(false);
  };
  return (
    <>
      <PageHead title="Inventory" lead="What is sold, and how much of it is left." />
      {first.error && <ProblemNote error={first.error} again={first.refresh} />}
      <Card title="Stock">
        {items.length > 0 && <StockTable items={items} />}
        {first.data && items.length === 0 && <Empty>Nothing is sold yet. Make a SKU and give it stock below.</Empty>}
        {first.loading && !first.data && <Empty>Loading…</Empty>}
        {error && <ProblemNote error={error} />}
        <More cursor={cursor} busy={busy} act={more} />
      </Card>
      {!first.loading && <Changes items={items} done={first.refresh} />}
    </>
  );
};
