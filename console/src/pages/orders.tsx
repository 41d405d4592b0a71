// The list of orders, newest first, narrowed down by filters that the address keeps.
import { useEffect, useState } from 'preact/hooks';
import { Link, useLocation, useSearch } from 'wouter-preact';
import { api, query } from '../api/client';
import type { Order } from '../api/types';
import { duration, micros, number } from '../lib/format';
import { usePolled } from '../lib/poll';
import { all_steps, outcomes, states } from '../lib/saga';
import { Badge, Card, Empty, More, OrderLink, PageHead, ProblemNote, Time, UserLink } from '../parts/basics';

const page_size = 50;
const filter_names = ['user', 'state', 'outcome', 'failed_step'] as const;
type Filter = Record<(typeof filter_names)[number], string>;

const filter_of = (search: string): Filter => {
  const parameters = new URLSearchParams(search);
  return Object.fromEntries(filter_names.map((name) => [name, parameters.get(name) ?? ''])) as Filter;
};

const Choice = (props: { label: string; value: string; options: readonly string[]; set: (value: string) => void }) => (
  <label>
    {props.label}
    <select value={props.value} onChange={(event) => props.set(event.currentTarget.value)}>
      <option value="">any</option>
      {props.options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  </label>
);

const Filters = ({ filter, set }: { filter: Filter; set: (filter: Filter) => void }) => {
  const [user, set_user] = useState(filter.user);
  useEffect(() => set_user(filter.user), [filter.user]);
  const submit = (event: Event) => {
    event.preventDefault();
    set({ ...filter, user: user.trim() });
  };
  return (
    <form class="filters" onSubmit={submit} aria-label="Filter the orders">
      <label>
        User
        <input
          value={user}
          onInput={(event) => set_user(event.currentTarget.value)}
          placeholder="any"
          maxLength={128}
          spellcheck={false}
        />
      </label>
      <Choice label="State" value={filter.state} options={states} set={(state) => set({ ...filter, state })} />
      <Choice
        label="Outcome"
        value={filter.outcome}
        options={outcomes}
        set={(outcome) => set({ ...filter, outcome })}
      />
      <Choice
        label="Failed step"
        value={filter.failed_step}
        options={all_steps}
        set={(failed_step) => set({ ...filter, failed_step })}
      />
      <button type="submit">Find</button>
      {filter_names.some((name) => filter[name]) && (
        <button type="button" onClick={() => set({ user: '', state: '', outcome: '', failed_step: '' })}>
          Clear
        </button>
      )}
    </form>
  );
};

/** What failed, and where; nothing for an order that succeeded. A long outcome may break where its words are joined. */
const Why = ({ order }: { order: Order }) => {
  const outcome = order.outcome ?? order.reason;
  if (!outcome || outcome === 'SUCCESS') return <>–</>;
  return (
    <>
      {outcome.split(/(?<=_)/).map((part, index) => (
        <>
          {index > 0 && <wbr />}
          {part}
        </>
      ))}{' '}
      {order.failed_step && <span class="together">at {order.failed_step}</span>}
    </>
  );
};

export const OrderTable = ({ orders }: { orders: Order[] }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>Placed</th>
          <th>Order</th>
          <th>User</th>
          <th class="right">Buys</th>
          <th class="right widest-only">Credits</th>
          <th>State</th>
          <th>Why</th>
          <th class="right roomy-only">Took</th>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <tr key={order.id}>
            <td data-label="Placed">
              <Time at={order.created_at} />
            </td>
            <td data-label="Order">
              <OrderLink id={order.id} />
            </td>
            <td data-label="User" class="clip">
              <UserLink user={order.user} />
            </td>
            <td data-label="Buys" class="right clip">
              <span class="name" title={order.sku}>
                {number(order.quantity)} <span class="muted roomy-only">{order.sku}</span>
              </span>
            </td>
            <td data-label="Credits" class="right widest-only">
              {number(order.total)}
            </td>
            <td data-label="State">
              <Badge word={order.state} /> {order.stuck && <Badge word="STUCK" />}
            </td>
            <td data-label="Why" class="why">
              <Why order={order} />
            </td>
            <td data-label="Took" class="right roomy-only">
              {order.finished_at ? duration(micros(order.finished_at) - micros(order.created_at)) : '…'}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const is_open = (order: Order) => order.finished_at === null;

/** The first page stays live as long as it alone is shown; older pages are added below it. */
function use_orders(filter: Filter) {
  const key = query(filter);
  const [older, set_older] = useState<{ key: string; orders: Order[]; cursor: string | null }>();
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<Error>();
  const more_shown = older?.key === key;
  const first = usePolled(
    (signal) => api.orders({ ...filter, limit: page_size }, signal),
    key,
    (page) => (more_shown ? null : page?.orders.some(is_open) ? 1000 : 3000),
  );
  const cursor = more_shown ? older.cursor : (first.data?.next_cursor ?? null);
  const more = async () => {
    set_busy(true);
    set_error(undefined);
    try {
      const page = await api.orders({ ...filter, limit: page_size, cursor });
      set_older({ key, orders: [...(more_shown ? older.orders : []), ...page.orders], cursor: page.next_cursor });
    } catch (caught) {
      set_error(caught as Error);
    }
    set_busy(false);
  };
  const orders = [...(first.data?.orders ?? []), ...(more_shown ? older.orders : [])];
  const known = new Set<string>();
  const unique = orders.filter((order) => !known.has(order.id) && known.add(order.id));
  return { first, orders: unique, cursor, more, busy, error };
}

export const Orders = () => {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = filter_of(search);
  const { first, orders, cursor, more, busy, error } = use_orders(filter);
  const filtered = filter_names.some((name) => filter[name]);
  return (
    <>
      <PageHead title="Orders" lead="Newest first." />
      <Filters filter={filter} set={(next) => navigate(`/console/orders${query(next)}`)} />
      {first.error && <ProblemNote error={first.error} again={first.refresh} />}
      <Card>
        {orders.length > 0 && <OrderTable orders={orders} />}
        {first.data && orders.length === 0 && (
          <Empty>
            <p>{filtered ? 'No order is like that.' : 'No orders yet.'}</p>
            {!filtered && (
              <Link href="/console/lab" class="button primary">
                Place the first in the failure laboratory
              </Link>
            )}
          </Empty>
        )}
        {first.loading && !first.data && <Empty>Loading…</Empty>}
        {error && <ProblemNote error={error} />}
        <More cursor={cursor} busy={busy} act={more} />
      </Card>
      <p class="hint" role="status">
        {first.data ? `${number(orders.length)} shown${cursor ? ', there are more' : ''}.` : ''}
      </p>
    </>
  );
};
