// Orders that have not ended: those that are held and wait for a word, and those whose undo is stuck.
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { api } from '../api/client';
import { as_operator, Declined, useHasToken } from '../api/operator';
import type { Order, Saga } from '../api/types';
import { plural } from '../lib/format';
import { usePolled } from '../lib/poll';
import { Badge, Card, Empty, OrderLink, PageHead, ProblemNote, Time, UserLink } from '../parts/basics';

/** A button that runs a call, and says what went wrong beside itself. */
const Act = ({ label, call, done }: { label: string; call: () => Promise<unknown>; done: () => void }) => {
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<Error>();
  const act = async () => {
    set_busy(true);
    set_error(undefined);
    try {
      await call();
    } catch (caught) {
      if (!(caught instanceof Declined)) set_error(caught as Error);
    }
    set_busy(false);
    done();
  };
  return (
    <>
      <button type="button" class="small" disabled={busy} onClick={act}>
        {label}
      </button>
      {error && (
        <span class="text-bad small-text" role="alert">
          {error.message}
        </span>
      )}
    </>
  );
};

const HeldTable = ({ orders, done }: { orders: Order[]; done: () => void }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>Placed</th>
          <th>Order</th>
          <th>User</th>
          <th>Failed step</th>
          <th>Why</th>
          <th>What now</th>
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
            <td data-label="Failed step">{order.failed_step}</td>
            <td data-label="Why">{order.reason}</td>
            <td data-label="What now">
              <span class="actions">
                <Act label="Retry" call={() => api.retry(order.id)} done={done} />
                <Act label="Cancel" call={() => api.cancel(order.id)} done={done} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const SagaTable = ({ sagas, done }: { sagas: Saga[]; done: () => void }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>Placed</th>
          <th>Order</th>
          <th>State</th>
          <th>Step</th>
          <th class="right">Attempts</th>
          <th>Last error</th>
          <th>What now</th>
        </tr>
      </thead>
      <tbody>
        {sagas.map((saga) => (
          <tr key={saga.order_id}>
            <td data-label="Placed">
              <Time at={saga.created_at} />
            </td>
            <td data-label="Order">
              <OrderLink id={saga.order_id} />
            </td>
            <td data-label="State">
              <Badge word={saga.stuck ? 'STUCK' : saga.state} />
            </td>
            <td data-label="Step">{saga.step}</td>
            <td data-label="Attempts" class="right">
              {saga.attempts}
            </td>
            <td data-label="Last error" class="break">
              {saga.last_error ?? '–'}
            </td>
            <td data-label="What now">
              {saga.state === 'HELD' ? (
                'see above'
              ) : (
                <Act
                  label="Try now"
                  call={() => as_operator('to push a saga on', (token) => api.push(token, saga.order_id))}
                  done={done}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Unfinished = () => {
  const operator = useHasToken();
  const sagas = usePolled(
    operator ? () => as_operator('to see the sagas', (token) => api.sagas(token)) : null,
    operator ? 'sagas' : 'none',
    () => 1000,
  );
  const ask = () => as_operator('to see the sagas', (token) => api.sagas(token, 'STUCK')).catch(() => undefined);
  const list = [...(sagas.data?.sagas ?? [])].sort((left, right) => Number(right.stuck) - Number(left.stuck));
  const stuck = list.filter((saga) => saga.stuck).length;
  return (
    <Card
      title="Stuck and unfinished"
      aside={<span class="muted small-text">{sagas.data ? `${stuck} stuck, ${list.length} unfinished` : ''}</span>}
    >
      {!operator && (
        <Empty>
          <p>This list is for operators.</p>
          <button type="button" onClick={ask}>
            Give the operator token
          </button>
        </Empty>
      )}
      {operator && sagas.error && <ProblemNote error={sagas.error} again={sagas.refresh} />}
      {operator && list.length > 0 && <SagaTable sagas={list.slice(0, 100)} done={sagas.refresh} />}
      {operator && sagas.data && list.length === 0 && <Empty>Every order has ended.</Empty>}
      {list.length > 100 && <p class="hint pad">And {plural(list.length - 100, 'other')}.</p>}
    </Card>
  );
};

export const Sagas = () => {
  const held = usePolled(
    (signal) => api.orders({ state: 'HELD', limit: 100 }, signal),
    'held',
    () => 1000,
  );
  const orders = held.data?.orders ?? [];
  return (
    <>
      <PageHead
        title="Sagas"
        lead="What needs a word from somebody. An undo that failed ten times is stuck: it goes on being tried, and nothing is lost."
      />
      {held.error && <ProblemNote error={held.error} again={held.refresh} />}
      <Card
        title="Held"
        aside={<span class="muted small-text">{held.data ? plural(orders.length, 'order') : ''}</span>}
      >
        {orders.length > 0 && <HeldTable orders={orders} done={held.refresh} />}
        {held.data && orders.length === 0 && (
          <Empty>
            <p>No order is held. One is, when it was placed with “hold” and a step ended in TIMEOUT or UNKNOWN.</p>
            <Link href="/console/lab">Try it in the failure laboratory</Link>
          </Empty>
        )}
        {held.loading && !held.data && <Empty>Loading…</Empty>}
      </Card>
      <Unfinished />
    </>
  );
};
