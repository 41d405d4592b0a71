// Asks the marketplace: one function a call, answers typed, everything that is no success a ProblemError.
// Depends on fetch alone. Invariant: what changes something carries an Idempotency-Key, so that it may be repeated.
import type {
  Account,
  Activity,
  Audit,
  InventoryItem,
  InventoryPage,
  LogPage,
  NewOrder,
  Order,
  OrderPage,
  Problem,
  Readiness,
  Saga,
  ServiceStatistics,
  Trace,
  Wallet,
} from './types';

/** An answer that is no success; status 0: there was no answer at all. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }

  get status(): number {
    return this.problem.status;
  }

  /** "unknown-sku", the last part of the problem's type. */
  get name(): string {
    return this.problem.type.split('/').pop() ?? '';
  }
}

const unreachable: Problem = {
  type: '',
  title: 'No answer',
  status: 0,
  detail: 'The marketplace cannot be reached. It may be restarting.',
};

async function problem_of(response: Response): Promise<Problem> {
  const fallback = { type: '', title: response.statusText, status: response.status, detail: '' };
  try {
    return { ...fallback, ...((await response.json()) as Problem) };
  } catch {
    return { ...fallback, detail: `The server answered ${response.status} ${response.statusText}.` };
  }
}

interface Call {
  method?: string;
  body?: unknown;
  token?: string;
  key?: string;
  wait?: number;
  signal?: AbortSignal;
}

function headers_of(call: Call): Headers {
  const headers = new Headers({ Accept: 'application/json' });
  if (call.body !== undefined) headers.set('Content-Type', 'application/json');
  if (call.token) headers.set('Authorization', `Bearer ${call.token}`);
  if (call.key) headers.set('Idempotency-Key', call.key);
  if (call.wait) headers.set('Prefer', `wait=${call.wait}`);
  return headers;
}

async function send(path: string, call: Call): Promise<Response> {
  try {
    return await fetch(path, {
      method: call.method ?? 'GET',
      headers: headers_of(call),
      body: call.body === undefined ? null : JSON.stringify(call.body),
      cache: 'no-store',
      signal: call.signal ?? null,
    });
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new ProblemError(unreachable);
  }
}

async function ask<T>(path: string, call: Call = {}, good: number[] = []): Promise<T> {
  const response = await send(path, call);
  if (!response.ok && !good.includes(response.status)) throw new ProblemError(await problem_of(response));
  return (await response.json()) as T;
}

/** "?a=1&b=2" of what is set. */
export function query(parameters: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

/** crypto.randomUUID exists on https and localhost only; a console that is looked at over a LAN has neither. */
export function new_key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const at = (id: string) => encodeURIComponent(id);

export const api = {
  place: (order: NewOrder, key: string) => ask<Order>('/v1/orders', { method: 'POST', body: order, key }),
  order: (id: string, signal?: AbortSignal) => ask<Order>(`/v1/orders/${at(id)}`, signal ? { signal } : {}),
  orders: (filter: Record<string, string | number | null | undefined>, signal?: AbortSignal) =>
    ask<OrderPage>(`/v1/orders${query(filter)}`, signal ? { signal } : {}),
  cancel: (id: string) => ask<Order>(`/v1/orders/${at(id)}/cancel`, { method: 'POST' }),
  retry: (id: string) => ask<Order>(`/v1/orders/${at(id)}/retry`, { method: 'POST' }),
  logs: (id: string, after?: string | null) => ask<LogPage>(`/v1/orders/${at(id)}/logs${query({ after })}`),
  trace: (id: string) => ask<Trace>(`/v1/orders/${at(id)}/trace`),
  account: (user: string, cursor?: string | null) => ask<Account>(`/v1/accounts/${at(user)}${query({ cursor })}`),
  wallet: (user: string, cursor?: string | null) => ask<Wallet>(`/v1/wallets/${at(user)}${query({ cursor })}`),
  inventory: (limit: number, cursor?: string | null) => ask<InventoryPage>(`/v1/inventory${query({ cursor, limit })}`),
  activity: (seconds: number) => ask<Activity>(`/v1/activity${query({ seconds })}`),
  statistics: () => ask<{ services: ServiceStatistics[] }>('/v1/statistics'),
  readiness: () => ask<Readiness>('/readyz', {}, [503]),
  description: () => ask<{ paths: Record<string, unknown> }>('/openapi.json'),

  grant: (token: string, user: string, amount: number) =>
    ask<{ credits: number }>(`/v1/accounts/${at(user)}/credits`, {
      method: 'POST',
      body: { amount },
      token,
      key: new_key(),
    }),
  set_price: (token: string, sku: string, price: number) =>
    ask<InventoryItem>(`/v1/inventory/${at(sku)}`, { method: 'PUT', body: { price }, token }),
  restock: (token: string, sku: string, quantity: number) =>
    ask<InventoryItem>(`/v1/inventory/${at(sku)}/restock`, {
      method: 'POST',
      body: { quantity },
      token,
      key: new_key(),
    }),
  sagas: (token: string, state?: 'STUCK') =>
    ask<{ sagas: Saga[] }>(`/v1/sagas${query({ state, limit: 500 })}`, { token }),
  push: (token: string, id: string) => ask<Order>(`/v1/sagas/${at(id)}/retry`, { method: 'POST', token }),
  audit: (token: string) => ask<Audit>('/v1/audit', { token }),
};
