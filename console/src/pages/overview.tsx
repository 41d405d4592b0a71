// What the marketplace is doing now: figures, three charts, the newest orders, and the state of its services.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { api } from '../api/client';
import { has_path } from '../api/features';
import { orders_a_second, type StreamRow, type StreamSource, useOrderStream } from '../api/stream';
import type { Activity, ActivitySecond, ServiceStatistics } from '../api/types';
import { bytes, duration, number, short_number } from '../lib/format';
import { usePolled } from '../lib/poll';
import { outcomes as all_outcomes } from '../lib/saga';
import { Badge, Card, CopyButton, Figure, OrderLink, PageHead, ProblemNote, Time, UserLink } from '../parts/basics';
import { Chart, seconds_shown } from '../parts/chart';

function use_path(path: string): boolean | undefined {
  const [there, set_there] = useState<boolean>();
  useEffect(() => {
    let gone = false;
    void has_path(path).then((has) => !gone && set_there(has));
    return () => {
      gone = true;
    };
  }, [path]);
  return there;
}

/** The mean of the last five seconds: steadier than one, and still live. */
const recent = (series: ActivitySecond[], of: (second: ActivitySecond) => number): number => {
  const last = series.slice(-5);
  return last.length ? last.reduce((sum, second) => sum + of(second), 0) / last.length : 0;
};

const rate = (value: number) => (value >= 100 ? short_number(Math.round(value)) : value.toFixed(value < 10 ? 1 : 0));

/** How many of the orders that ended completed; nothing while none has. */
function success(totals: Activity['totals']): string | undefined {
  const ended = totals.completed + totals.reverted;
  if (ended === 0) return undefined;
  const percent = (100 * totals.completed) / ended;
  // 100 % is said of all only.
  return `${totals.reverted ? Math.min(99.9, percent).toFixed(1) : '100'} %`;
}

const Figures = ({ activity }: { activity: Activity | undefined }) => {
  const dash = '–';
  const series = activity?.series ?? [];
  const last_p99 = [...series].reverse().find((second) => second.p99_us !== null)?.p99_us;
  return (
    <dl class="figures eight">
      <Figure
        label="Orders / s"
        value={activity ? rate(recent(series, (each) => each.accepted)) : dash}
        hint="Accepted, mean of 5 s"
      />
      <Figure label="In flight" value={activity ? number(activity.in_flight) : dash} />
      <Figure label="Held" value={activity ? number(activity.held) : dash} hint="Waiting for retry or cancel" />
      <Figure
        label="Stuck"
        value={activity ? <span class={activity.stuck ? 'text-bad' : ''}>{number(activity.stuck)}</span> : dash}
        hint="An undo keeps failing"
      />
      <Figure
        label="Completed"
        value={activity ? short_number(activity.totals.completed) : dash}
        hint="Since the service started"
      />
      <Figure
        label="Reverted"
        value={activity ? short_number(activity.totals.reverted) : dash}
        hint="Since the service started"
      />
      <Figure
        label="Success"
        value={(activity && success(activity.totals)) ?? dash}
        hint="Completed, of the orders that ended since the service started"
      />
      <Figure label="Latest p99" value={last_p99 ? duration(last_p99) : dash} hint="Acceptance to end" />
    </dl>
  );
};

const orders_axis = (value: number) => (value < 10 && value % 1 ? '' : short_number(value));
/** Powers of ten only; whole seconds also beyond a minute, which would be too long for an axis. */
const latency_axis = (value: number) => {
  if (!/^10*$/.test(String(value))) return '';
  return value >= 1e6 ? `${value / 1e6} s` : duration(value).replace('.00', '');
};

const Charts = ({ activity }: { activity: Activity }) => {
  const { series } = activity;
  const times = useMemo(() => series.map((second) => Math.floor(Date.parse(second.at) / 1000)), [series]);
  const column = (of: (second: ActivitySecond) => number | null) => series.map(of);
  const throughput = useMemo(
    () => [times, column((each) => each.accepted), column((each) => each.in_flight)],
    [series],
  );
  const ends = useMemo(() => [times, column((each) => each.completed), column((each) => each.reverted)], [series]);
  const latency = useMemo(
    () => [times, column((each) => each.p50_us), column((each) => each.p90_us), column((each) => each.p99_us)],
    [series],
  );
  return (
    <div class="chart-row">
      <Card title="Throughput">
        <Chart
          lines={[
            { label: 'accepted / s', colour: 'accent', fill: true },
            { label: 'in flight', colour: 'warn' },
          ]}
          data={throughput as never}
          format={orders_axis}
          description={`Orders accepted each second over the last two minutes, now ${rate(recent(series, (each) => each.accepted))}.`}
        />
      </Card>
      <Card title="Outcomes">
        <Chart
          lines={[
            { label: 'completed / s', colour: 'good', fill: true },
            { label: 'reverted / s', colour: 'undo', fill: true },
          ]}
          data={ends as never}
          format={orders_axis}
          description={`Orders that ended each second: now ${rate(recent(series, (each) => each.completed))} completed and ${rate(recent(series, (each) => each.reverted))} reverted.`}
        />
      </Card>
      <Card title="Latency">
        <Chart
          lines={[
            { label: 'p50', colour: 'good' },
            { label: 'p90', colour: 'warn' },
            { label: 'p99', colour: 'bad' },
          ]}
          data={latency as never}
          format={latency_axis}
          logarithmic
          description="How long orders took from acceptance to their end: median, 90th and 99th percentile of each second."
        />
      </Card>
    </div>
  );
};

const source_words: Record<StreamSource, string> = {
  connecting: 'connecting…',
  stream: `live, at most ${orders_a_second} a second, reverted first`,
  list: 'live, each second',
  down: 'no connection, trying again…',
};

const StreamLine = ({ row }: { row: StreamRow }) => (
  <tr>
    <td class="wide-only">
      <Time at={row.at} only_clock />
    </td>
    <td>
      <OrderLink id={row.id} />
    </td>
    <td class="flexible">
      <UserLink user={row.user} />
    </td>
    <td class="widest-only clip">
      <span class="name" title={row.sku}>
        {number(row.quantity)} × {row.sku}
      </span>
    </td>
    <td>
      <Badge word={row.state} />{' '}
      {row.state !== 'COMPLETED' && <span class="muted wide-only">{row.failed_step ?? row.last_step ?? ''}</span>}
    </td>
  </tr>
);

const command = './ldt order alice late-day 2 --fail delivery.deliver=TIMEOUT:applied';

const FirstOrder = () => (
  <div class="empty">
    <p>
      <strong>No orders yet.</strong> Place one that fails, and watch it being reverted:
    </p>
    <p>
      <Link href="/console/lab" class="button primary">
        Open the failure laboratory
      </Link>
    </p>
    <p>or in a terminal</p>
    <pre class="command">{command}</pre>
    <CopyButton text={command} label="Copy the command" />
  </div>
);

const Stream = () => {
  const { rows, source } = useOrderStream();
  const none = rows.length === 0 && source !== 'connecting';
  return (
    <Card
      title="Orders as they come"
      class="stream"
      aside={<span class={`live ${source === 'down' ? 'live-down' : ''}`}>{source_words[source]}</span>}
    >
      {none && source !== 'down' ? (
        <FirstOrder />
      ) : (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th class="wide-only">Time</th>
                <th>Order</th>
                <th>User</th>
                <th class="widest-only">Buys</th>
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, 14).map((row) => (
                <StreamLine key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
};

/** What is known of a service's state; of one that cannot be asked about, nothing. */
type ServiceState = 'ready' | 'not ready' | 'unknown';
const state_tones = { ready: 'good', 'not ready': 'bad', unknown: 'plain' } as const;
const state_of = (ready: boolean, error: Error | undefined): ServiceState =>
  error ? 'unknown' : ready ? 'ready' : 'not ready';

const ServiceLine = (props: { name: string; state: ServiceState; statistics?: ServiceStatistics }) => {
  const { name, state, statistics } = props;
  return (
    <li>
      <span class={`service-name service-${name}`}>{name}</span>
      <Badge word={state} tone={state_tones[state]} />
      <span class="muted small-text" title="Time since its start, memory, commits">
        {state === 'ready' && statistics
          ? [
              statistics.uptime_us && duration(statistics.uptime_us),
              statistics.resident_bytes && bytes(statistics.resident_bytes),
              statistics.commits && `${short_number(statistics.commits)} commits`,
            ]
              .filter(Boolean)
              .join(' · ')
          : ''}
      </span>
    </li>
  );
};

/** From the statistics, which answer 200 also when a service is down; readiness would be an error in the browser's log. */
const Services = ({ tells, error_shown }: { tells: boolean | undefined; error_shown: boolean }) => {
  const statistics = usePolled(tells ? api.statistics : null, 'statistics', () => 2000);
  const readiness = usePolled(tells === false ? api.readiness : null, 'ready', () => 2000);
  const error = statistics.error ?? readiness.error;
  return (
    <Card title="Services">
      {error && !error_shown && <ProblemNote error={error} />}
      <ul class="services">
        {statistics.data?.services.map((each) => (
          <ServiceLine key={each.service} name={each.service} state={state_of(each.up, error)} statistics={each} />
        ))}
        {Object.entries(readiness.data?.parts ?? {}).map(([name, ready]) => (
          <ServiceLine key={name} name={name} state={state_of(ready, error)} />
        ))}
      </ul>
    </Card>
  );
};

const Outcomes = ({ activity }: { activity: Activity }) => {
  const counts = all_outcomes
    .map((word) => ({ word, count: activity.totals.outcomes[word] ?? 0 }))
    .filter(({ count }) => count > 0);
  return (
    <Card title="How orders ended">
      <ul class="bars">
        {counts.map(({ word, count }) => (
          <li key={word}>
            <Badge word={word} />
            <Link href={`/console/orders?outcome=${word}`} class="num" aria-label={`${number(count)} orders, ${word}`}>
              {number(count)}
            </Link>
          </li>
        ))}
      </ul>
      {counts.length === 0 && <p class="muted pad">None has ended since the order service started.</p>}
    </Card>
  );
};

export const Overview = () => {
  const tells_activity = use_path('/v1/activity');
  const activity = usePolled(tells_activity ? () => api.activity(seconds_shown) : null, 'activity', () => 1000);
  const tells_statistics = use_path('/v1/statistics');
  return (
    <>
      <PageHead title="Overview" lead="Students spend credits on tokens; a token buys one day past a deadline.">
        <Link href="/console/lab" class="button primary">
          Make an order fail
        </Link>
      </PageHead>
      {activity.error && <ProblemNote error={activity.error} />}
      {tells_activity === false ? (
        <p class="note">This server does not tell its activity; the orders below are live nevertheless.</p>
      ) : (
        <>
          <Figures activity={activity.data} />
          {activity.data ? (
            <Charts activity={activity.data} />
          ) : (
            <div class="chart-row chart-wait" aria-hidden="true" />
          )}
        </>
      )}
      <div class="columns">
        <Stream />
        <div class="stack">
          <Services tells={tells_statistics} error_shown={activity.error !== undefined} />
          {activity.data && <Outcomes activity={activity.data} />}
        </div>
      </div>
    </>
  );
};
