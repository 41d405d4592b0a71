// One order: what became of it, its saga as a timeline, what was asked to fail, its logs and its trace. Live while it runs.
import { useEffect, useState } from 'preact/hooks';
import { api, ProblemError } from '../api/client';
import { has_path } from '../api/features';
import { as_operator, Declined } from '../api/operator';
import type { LogRecord, Order, Trace } from '../api/types';
import { credits, duration, micros, plural } from '../lib/format';
import { usePolled } from '../lib/poll';
import { in_words, instruction_words, is_final } from '../lib/saga';
import { Badge, Card, CopyButton, Empty, PageHead, ProblemNote, Time, UserLink } from '../parts/basics';
import { LogList } from '../parts/log_list';
import { SagaPicture } from '../parts/saga_picture';
import { picture_of } from '../lib/picture_status';
import { Timeline } from '../parts/timeline';
import { Waterfall } from '../parts/waterfall';

/** What became of the money and the tokens, in a sentence. */
function story(order: Order): string {
  const tokens = plural(order.quantity, 'token');
  const why = order.failed_step && (order.outcome ?? order.reason);
  const because = why ? ` ${order.failed_step} failed: ${in_words(why)}.` : '';
  switch (order.state) {
    case 'COMPLETED':
      return `${order.user} paid ${credits(order.total)} and holds ${tokens} more.`;
    case 'REVERTED':
      return `${because.trim() || 'It was cancelled.'} Everything was undone: ${order.user} kept ${credits(order.total)} and got no tokens.`;
    case 'REVERTING':
      return `${because.trim()} What may have happened is being undone, newest first.`;
    case 'HELD':
      return `${because.trim()} Nothing was undone: the order waits for a retry or a cancel.`;
    default:
      return `${order.user} is buying ${tokens} for ${credits(order.total)}.`;
  }
}

const Actions = ({ order, done }: { order: Order; done: () => void }) => {
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<Error>();
  const act = async (call: () => Promise<unknown>) => {
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
  if (is_final(order.state)) return null;
  return (
    <div class="actions">
      {order.state === 'HELD' && (
        <button type="button" class="primary" disabled={busy} onClick={() => act(() => api.retry(order.id))}>
          Retry {order.failed_step}
        </button>
      )}
      {(order.state === 'HELD' || order.state === 'RUNNING') && (
        <button type="button" disabled={busy} onClick={() => act(() => api.cancel(order.id))}>
          Cancel the order
        </button>
      )}
      {order.state === 'REVERTING' && (
        <button
          type="button"
          disabled={busy}
          onClick={() => act(() => as_operator('to push a saga on', (token) => api.push(token, order.id)))}
        >
          Try the undo now
        </button>
      )}
      {error && <ProblemNote error={error} />}
    </div>
  );
};

const Facts = ({ order }: { order: Order }) => (
  <dl class="facts">
    <dt>User</dt>
    <dd>
      <UserLink user={order.user} />
    </dd>
    <dt>Buys</dt>
    <dd>
      {plural(order.quantity, 'token')} <code>{order.sku}</code> at {credits(order.unit_price)}
    </dd>
    <dt>Total</dt>
    <dd>{credits(order.total)}</dd>
    <dt>Placed</dt>
    <dd>
      <Time at={order.created_at} />
    </dd>
    <dt>Ended</dt>
    <dd>
      {order.finished_at ? (
        <>
          <Time at={order.finished_at} />{' '}
          <span class="muted">after {duration(micros(order.finished_at) - micros(order.created_at))}</span>
        </>
      ) : (
        'not yet'
      )}
    </dd>
    <dt>Handling</dt>
    <dd>
      {plural(order.handling.max_attempts, 'attempt')} of {order.handling.step_timeout_ms} ms, then{' '}
      {order.handling.on_failure.toLowerCase()}
    </dd>
    <dt>Order</dt>
    <dd>
      <code class="break">{order.id}</code> <CopyButton text={order.id} label="Copy" />
    </dd>
    <dt>Trace</dt>
    <dd>
      <code class="break">{order.trace_id}</code> <CopyButton text={order.trace_id} label="Copy" />
    </dd>
  </dl>
);

const Instructions = ({ order }: { order: Order }) =>
  order.failures.length === 0 ? (
    <p class="muted pad">Nothing was asked to fail.</p>
  ) : (
    <ul class="instructions">
      {order.failures.map((failure, index) => (
        // The list never changes its order.
        <li key={index}>
          <strong>{failure.step}</strong> {instruction_words(failure)},{' '}
          {failure.attempts === null ? 'every attempt' : `first ${plural(failure.attempts, 'attempt')}`}
          <Badge
            word={failure.struck ? `struck ${plural(failure.struck, 'time')}` : 'did not strike'}
            tone={failure.struck ? 'bad' : 'plain'}
          />
        </li>
      ))}
    </ul>
  );

interface Told {
  logs?: LogRecord[];
  trace?: Trace;
  /** Why there is nothing to tell. */
  silence?: string;
}

async function all_logs(id: string): Promise<LogRecord[]> {
  const logs: LogRecord[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 5; pages += 1) {
    const page = await api.logs(id, cursor);
    logs.push(...page.logs);
    if (!page.next_cursor || page.logs.length === 0) break;
    cursor = page.next_cursor;
  }
  return logs;
}

async function telemetry_of(id: string): Promise<Told> {
  if (!(await has_path('/v1/orders/{id}/logs'))) return { silence: 'This server keeps no telemetry.' };
  try {
    const logs = await all_logs(id);
    return { logs, trace: await api.trace(id) };
  } catch (error) {
    if (error instanceof ProblemError && error.name === 'telemetry-unavailable') {
      return {
        silence:
          'The telemetry store is off, or does not answer. With OTEL_EXPORTER_OTLP_ENDPOINT set, logs and spans are in your own backend, under the trace id above.',
      };
    }
    throw error;
  }
}

/** Asks anew when the order's state changes, and a moment after its end: the last records are a second on their way. */
const Telemetry = ({ order }: { order: Order }) => {
  const [ended_shown] = useState(
    () => is_final(order.state) && Date.now() - Date.parse(order.finished_at ?? '') > 5000,
  );
  const told = usePolled(
    () => telemetry_of(order.id),
    order.id,
    (data) => {
      if (data?.silence) return null;
      if (!order.finished_at) return 1500;
      return ended_shown || Date.now() - Date.parse(order.finished_at) > 8000 ? null : 1500;
    },
  );
  const { data, error } = told;
  if (data?.silence) {
    return (
      <Card title="Logs and trace">
        <div class="empty">
          <p>{data.silence}</p>
          <button type="button" onClick={told.refresh}>
            Ask again
          </button>
        </div>
      </Card>
    );
  }
  return (
    <>
      <Card title="Logs of all services" class="logs-card">
        {error && <ProblemNote error={error} again={told.refresh} />}
        {data?.logs ? <LogList logs={data.logs} /> : !error && <Empty>Loading…</Empty>}
      </Card>
      <Card
        title="Trace"
        class="trace-card"
        aside={<span class="muted small-text">{data?.trace ? plural(data.trace.spans.length, 'span') : ''}</span>}
      >
        {data?.trace ? <Waterfall trace={data.trace} /> : !error && <Empty>Loading…</Empty>}
      </Card>
    </>
  );
};

const pace = (order: Order | undefined): number | null => {
  if (!order) return 1000;
  if (is_final(order.state)) return null;
  if (order.state === 'HELD' || order.stuck) return 1000;
  return 200;
};

export const OrderPage = ({ id }: { id: string }) => {
  const { data: order, error, refresh } = usePolled((signal) => api.order(id, signal), id, pace);
  useEffect(() => {
    document.title = `Order …${id.slice(-12)} – Late-day tokens`;
  }, [id]);
  if (!order) {
    return (
      <>
        <PageHead title="Order" lead={<code class="break">{id}</code>} />
        {error ? <ProblemNote error={error} again={refresh} /> : <Empty>Loading…</Empty>}
      </>
    );
  }
  const picture = picture_of([order]);
  return (
    <>
      <PageHead
        title={`Order …${order.id.slice(-12)}`}
        lead={
          <span role="status" aria-live="polite">
            <Badge word={order.state} /> {order.stuck && <Badge word="STUCK" />}{' '}
            {order.outcome && order.outcome !== 'SUCCESS' && <Badge word={order.outcome} />}{' '}
            <span class="story">{story(order)}</span>
          </span>
        }
      >
        <Actions order={order} done={refresh} />
      </PageHead>
      {error && <ProblemNote error={error} again={refresh} />}
      <Card class="picture-card">
        <SagaPicture {...picture} armed={new Set(order.failures.map((failure) => failure.step))} />
      </Card>
      <Card title="Timeline" aside={<span class="muted small-text">bars to scale</span>}>
        <Timeline order={order} />
      </Card>
      <div class="columns even">
        <Card title="Facts">
          <Facts order={order} />
        </Card>
        <Card title="What was asked to fail">
          <Instructions order={order} />
        </Card>
      </div>
      <Telemetry order={order} />
    </>
  );
};
