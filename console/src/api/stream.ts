// The newest orders as they move: from the server's event stream, or by asking for the list each second where that is
// not there. Invariant: at most `rows_kept` orders are kept, and the page is drawn at most five times a second.
import { useEffect, useState } from 'preact/hooks';
import { api, query } from './client';
import { has_path } from './features';
import type { Order, OrderEvent, OrderState, Outcome, Step } from './types';

export interface StreamRow {
  id: string;
  user: string;
  sku: string;
  quantity: number;
  total: number;
  state: OrderState;
  outcome: Outcome | null;
  failed_step: Step | null;
  /** The step that ended last, where the stream told it. */
  last_step: Step | null;
  /** When it was last heard of, RFC 3339. */
  at: string;
}

export type StreamSource = 'connecting' | 'stream' | 'list' | 'down';

const rows_kept = 40;
const drawn_every_ms = 200;
/** More than these are not told; reverted ones come first. */
export const orders_a_second = 20;
const types = ['accepted', 'step', 'held', 'reverting', 'stuck', 'completed', 'reverted'].map(
  (word) => `ldt.order.${word}.v1`,
);

const row_of = (order: Order): StreamRow => ({
  ...order,
  last_step: order.steps.at(-1)?.step ?? null,
  at: order.finished_at ?? order.created_at,
});

/** Newest first; ids are UUIDv7, so their order is that of their times. */
class Rows {
  private rows = new Map<string, StreamRow>();

  merge(row: StreamRow): void {
    this.rows.set(row.id, row);
    if (this.rows.size <= rows_kept) return;
    const oldest = [...this.rows.keys()].sort()[0];
    if (oldest) this.rows.delete(oldest);
  }

  tell(event: OrderEvent): void {
    const known = this.rows.get(event.data.order.id);
    this.merge({ ...event.data.order, last_step: event.data.step?.step ?? known?.last_step ?? null, at: event.time });
  }

  list(): StreamRow[] {
    return [...this.rows.values()].sort((left, right) => (left.id < right.id ? 1 : -1));
  }
}

type Draw = (rows: StreamRow[], source: StreamSource) => void;

/** Polls the list. @return what ends it */
function follow_list(rows: Rows, draw: Draw): () => void {
  let timer: number | undefined;
  let ended = false;
  const run = async () => {
    let source: StreamSource = 'list';
    try {
      if (!document.hidden) for (const order of (await api.orders({ limit: 20 })).orders) rows.merge(row_of(order));
    } catch {
      source = 'down';
    }
    if (ended) return;
    draw(rows.list(), source);
    timer = window.setTimeout(run, source === 'list' ? 1000 : 3000);
  };
  void run();
  return () => {
    ended = true;
    window.clearTimeout(timer);
  };
}

/** Listens to the stream; the browser reconnects by itself, with Last-Event-ID. @return what ends it */
function follow_stream(rows: Rows, draw: Draw, user: string | undefined): () => void {
  let source: StreamSource = 'connecting';
  let changed = true;
  let events: EventSource | undefined;
  let again: number | undefined;
  const set_source = (next: StreamSource) => {
    changed ||= source !== next;
    source = next;
  };
  const hear = (message: MessageEvent<string>) => {
    rows.tell(JSON.parse(message.data) as OrderEvent);
    changed = true;
  };
  const open = () => {
    events = new EventSource(`/v1/events${query({ user, max_rate: orders_a_second })}`);
    events.onopen = () => set_source('stream');
    events.onerror = () => {
      set_source('down');
      // A refusal closes it for good: try again, as a server that is starting refuses for a moment.
      if (events?.readyState === EventSource.CLOSED) again = window.setTimeout(open, 3000);
    };
    for (const type of types) events.addEventListener(type, hear);
  };
  open();
  const timer = window.setInterval(() => {
    if (changed) draw(rows.list(), source);
    changed = false;
  }, drawn_every_ms);
  return () => {
    events?.close();
    window.clearInterval(timer);
    window.clearTimeout(again);
  };
}

export function useOrderStream(): { rows: StreamRow[]; source: StreamSource } {
  const [state, set_state] = useState<{ rows: StreamRow[]; source: StreamSource }>({ rows: [], source: 'connecting' });
  useEffect(() => {
    const rows = new Rows();
    const draw: Draw = (list, source) => set_state({ rows: list, source });
    let end = () => {};
    let ended = false;
    const begin = async () => {
      const streams = await has_path('/v1/events');
      if (ended) return;
      if (!streams) {
        end = follow_list(rows, draw);
        return;
      }
      try {
        for (const order of (await api.orders({ limit: 20 })).orders) rows.merge(row_of(order));
      } catch {
        // The stream tells what comes.
      }
      if (!ended) end = follow_stream(rows, draw, undefined);
    };
    void begin();
    return () => {
      ended = true;
      end();
    };
  }, []);
  return state;
}
