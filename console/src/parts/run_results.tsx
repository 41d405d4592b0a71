// What became of the orders of a run: progress, a summary by end, and each order with a link to its page.
import { ProblemError } from '../api/client';
import { duration, micros, plural } from '../lib/format';
import type { Run, Tracked } from '../lib/lab_run';
import { Badge, Card, OrderLink, ProblemNote } from './basics';
import { Timeline } from './timeline';

function end_of(tracked: Tracked): string {
  const { order, error } = tracked;
  if (!order)
    return error ? `not accepted: ${error instanceof ProblemError ? error.problem.title : error.message}` : 'waiting';
  const reason = order.outcome && order.outcome !== 'SUCCESS' ? ` ${order.outcome}` : '';
  return `${order.state}${reason}${order.failed_step ? ` at ${order.failed_step}` : ''}`;
}

function summary_of(orders: Tracked[]): [end: string, count: number][] {
  const counts = new Map<string, number>();
  for (const tracked of orders) counts.set(end_of(tracked), (counts.get(end_of(tracked)) ?? 0) + 1);
  return [...counts].sort((left, right) => right[1] - left[1]);
}

const forbidden = (run: Run) =>
  run.orders.some(({ error }) => error instanceof ProblemError && error.name === 'failures-forbidden');

const Line = ({ tracked }: { tracked: Tracked }) => {
  const { order } = tracked;
  return (
    <li>
      <span class="muted num">{tracked.number}</span>
      {order ? <OrderLink id={order.id} /> : <span class="muted">{tracked.error ? 'no order' : 'not sent yet'}</span>}
      {order ? <Badge word={order.state} /> : tracked.error && <Badge word="refused" tone="bad" />}
      <span class="muted">
        {order ? (order.failed_step ?? '') : tracked.error?.message}
        {order?.finished_at && ` · ${duration(micros(order.finished_at) - micros(order.created_at))}`}
      </span>
    </li>
  );
};

export const RunResults = ({ run }: { run: Run }) => {
  const count = run.orders.length;
  const [only] = run.orders;
  const progress = `${plural(run.ended + run.held, 'order')} of ${count} ended or held`;
  return (
    <Card title="Result" class="results" aside={<span class="muted num">{duration(run.took_ms * 1000)}</span>}>
      <div role="status" aria-live="polite">
        {count > 1 && <p class="progress-words">{progress}</p>}
        <ul class="summary" data-testid="summary">
          {summary_of(run.orders).map(([end, number]) => (
            <li key={end}>
              <strong>{count > 1 ? number : ''}</strong> {end}
            </li>
          ))}
        </ul>
      </div>
      {count > 1 && <progress max={count} value={run.ended + run.held} aria-label={progress} />}
      {run.silent && (
        <p class="note">The marketplace does not answer just now; a CRASH may have struck. Asking again…</p>
      )}
      {forbidden(run) ? (
        <div class="note note-bad" role="alert">
          <p>
            <strong>This server takes no failure instructions.</strong> It was started with <code>--no-failures</code>.
            Start it without, or remove the failures above and send the order as it is.
          </p>
        </div>
      ) : (
        count === 1 && only?.error && <ProblemNote error={only.error} />
      )}
      {count === 1 && only?.order && (
        <>
          <Timeline order={only.order} />
          <p class="pad">
            <OrderLink id={only.order.id} whole />
          </p>
        </>
      )}
      {count > 1 && (
        <ol class="run-list" aria-label="Each order">
          {run.orders.map((tracked) => (
            <Line key={tracked.number} tracked={tracked} />
          ))}
        </ol>
      )}
    </Card>
  );
};
