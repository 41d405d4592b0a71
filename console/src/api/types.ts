// The shapes of the HTTP API that the console uses, as api/openapi.yaml promises them.

export type Step =
  | 'order.accept'
  | 'payment.charge'
  | 'inventory.reserve'
  | 'delivery.deliver'
  | 'delivery.revoke'
  | 'inventory.release'
  | 'payment.refund'
  | 'order.finish';
export type OrderState = 'RUNNING' | 'HELD' | 'REVERTING' | 'COMPLETED' | 'REVERTED';
export type Outcome =
  | 'SUCCESS'
  | 'INSUFFICIENT_FUND'
  | 'INSUFFICIENT_INVENTORY'
  | 'TIMEOUT'
  | 'UNKNOWN'
  | 'UNDELIVERABLE'
  | 'CANCELLED';
export type Refusal = 'INSUFFICIENT_FUND' | 'INSUFFICIENT_INVENTORY' | 'UNDELIVERABLE';
export type FailureKind = 'TIMEOUT' | 'UNKNOWN' | 'CRASH' | 'DELAY' | 'REFUSE';
export type FailureEffect = 'NONE' | 'APPLIED';

export interface FailureInstruction {
  step: Step;
  kind: FailureKind;
  effect?: FailureEffect;
  attempts?: number;
  delay_ms?: number;
  outcome?: Refusal;
}

export interface Handling {
  max_attempts: number;
  step_timeout_ms: number;
  on_failure: 'REVERT' | 'HOLD';
}

export interface NewOrder {
  user: string;
  sku: string;
  quantity: number;
  failures?: FailureInstruction[];
  handling?: Partial<Handling>;
}

/** One attempt at a step; null while it is under way. */
export interface Try {
  outcome: Outcome | null;
  started_at: string;
  duration_us: number | null;
}

export interface StepReport extends Try {
  step: Step;
  attempts: number;
  /** Each attempt, where there was more than one; of very many, the last ones. */
  tries?: Try[];
}

export interface StruckInstruction {
  step: Step;
  kind: FailureKind;
  effect: FailureEffect;
  attempts: number | null;
  struck: number;
  delay_ms?: number;
  outcome?: Refusal;
}

export interface Order {
  id: string;
  user: string;
  sku: string;
  quantity: number;
  unit_price: number;
  total: number;
  state: OrderState;
  outcome: Outcome | null;
  reason?: Outcome | null;
  failed_step: Step | null;
  stuck: boolean;
  steps: StepReport[];
  failures: StruckInstruction[];
  handling: Handling;
  trace_id: string;
  created_at: string;
  finished_at: string | null;
}

export interface OrderPage {
  orders: Order[];
  next_cursor: string | null;
}

export interface LedgerEntry {
  kind: 'GRANT' | 'CHARGE' | 'REFUND';
  amount: number;
  order_id: string | null;
  at: string;
}

export interface Account {
  user: string;
  credits: number;
  entries: LedgerEntry[];
  next_cursor: string | null;
}

export interface Token {
  id: string;
  sku: string;
  order_id: string;
  delivered_at: string;
}

export interface Wallet {
  user: string;
  quantity: number;
  tokens: Token[];
  next_cursor: string | null;
}

export interface InventoryItem {
  sku: string;
  price: number;
  stock: number;
  reserved: number;
  sold: number;
}

export interface InventoryPage {
  inventory: InventoryItem[];
  next_cursor: string | null;
}

export interface Saga {
  order_id: string;
  state: OrderState;
  stuck: boolean;
  step: Step;
  attempts: number;
  last_error: string | null;
  created_at: string;
}

export interface Audit {
  ok: boolean;
  credits: { granted: number; balances: number; completed_charges: number; charges_in_flight: number };
  stock: { put_in: number; on_hand: number; reserved: number; sold: number };
  orders: Record<OrderState, number>;
  violations: { order_id: string | null; rule: string; detail: string }[];
}

export interface Readiness {
  ready: boolean;
  parts: Record<string, boolean>;
}

export interface ActivitySecond {
  at: string;
  accepted: number;
  completed: number;
  reverted: number;
  outcomes: Partial<Record<Outcome, number>>;
  in_flight: number;
  p50_us: number | null;
  p90_us: number | null;
  p99_us: number | null;
}

export interface Activity {
  now: string;
  since: string;
  interval_ms: number;
  in_flight: number;
  held: number;
  stuck: number;
  totals: { accepted: number; completed: number; reverted: number; outcomes: Partial<Record<Outcome, number>> };
  series: ActivitySecond[];
}

export interface ServiceStatistics {
  service: string;
  up: boolean;
  uptime_us?: number;
  cpu_us?: number;
  resident_bytes?: number;
  commits?: number;
  operations?: number;
  fsyncs?: number;
  bytes_written?: number;
}

export interface LogRecord {
  time: string;
  severity: string;
  service: string;
  body: string;
  trace_id?: string | null;
  span_id?: string | null;
  order_id?: string | null;
  attributes?: Record<string, unknown>;
}

export interface LogPage {
  logs: LogRecord[];
  next_cursor: string | null;
}

export interface Span {
  span_id: string;
  parent_span_id: string | null;
  service: string;
  name: string;
  kind: string;
  start: string;
  duration_us: number;
  status: 'OK' | 'ERROR' | 'UNSET';
  status_detail?: string | null;
  attributes?: Record<string, unknown>;
}

export interface Trace {
  trace_id: string;
  spans: Span[];
  logs: LogRecord[];
}

/** What an event of /v1/events tells of its order. */
export interface OrderEventData {
  order: Pick<Order, 'id' | 'user' | 'sku' | 'quantity' | 'total' | 'state' | 'outcome' | 'failed_step' | 'trace_id'>;
  step?: { step: Step; attempt: number; outcome: Outcome | null; duration_us: number; struck?: string | null };
}

export interface OrderEvent {
  id: string;
  type: string;
  subject: string;
  time: string;
  data: OrderEventData;
}

/** RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { pointer?: string; parameter?: string; detail: string }[];
  order_id?: string;
  state?: OrderState;
  service?: string;
}
