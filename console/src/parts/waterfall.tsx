// The spans of an order's trace, parents above their children, to scale.
import type { Span, Trace } from '../api/types';
import { duration, micros } from '../lib/format';

interface Row {
  span: Span;
  depth: number;
}

/** Depth first, siblings by their beginning; a span whose parent is elsewhere is a root. */
function rows_of(spans: Span[]): Row[] {
  const ids = new Set(spans.map((span) => span.span_id));
  const children = new Map<string, Span[]>();
  for (const span of [...spans].sort((left, right) => micros(left.start) - micros(right.start))) {
    const parent = span.parent_span_id && ids.has(span.parent_span_id) ? span.parent_span_id : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: Row[] = [];
  const add = (parent: string, depth: number) => {
    for (const span of children.get(parent) ?? []) {
      rows.push({ span, depth });
      if (depth < 20) add(span.span_id, depth + 1);
    }
  };
  add('', 0);
  return rows;
}

const percent = (part: number) => `${Math.min(100, Math.max(0, part * 100)).toFixed(3)}%`;
/** A bar at the very end is seen, too. */
const from_left = (part: number) => `min(${percent(part)}, calc(100% - 3px))`;

export const Waterfall = ({ trace }: { trace: Trace }) => {
  if (trace.spans.length === 0)
    return (
      <p class="muted pad">No spans of this order (yet). Of orders that complete under load, only some are sampled.</p>
    );
  const begin = Math.min(...trace.spans.map((span) => micros(span.start)));
  const end = Math.max(...trace.spans.map((span) => micros(span.start) + span.duration_us));
  const length = Math.max(1, end - begin);
  return (
    <ol class="timeline waterfall">
      {rows_of(trace.spans).map(({ span, depth }) => (
        <li key={span.span_id} class="attempt">
          <span class={`attempt-step depth-${Math.min(depth, 4)}`}>
            {span.name} <span class="muted">{span.service}</span>
          </span>
          <span class="attempt-track" aria-hidden="true">
            <span
              class={`attempt-bar ${span.status === 'ERROR' ? 'fill-bad' : `fill-service-${span.service}`}`}
              style={{
                left: from_left((micros(span.start) - begin) / length),
                width: percent(span.duration_us / length),
              }}
            />
          </span>
          <span class="attempt-facts">
            {span.status === 'ERROR' && <span class="badge tone-bad">{span.status_detail || 'ERROR'}</span>}
            <span class="num">{duration(span.duration_us)}</span>
            <span class="num muted">+{duration(micros(span.start) - begin)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
};
