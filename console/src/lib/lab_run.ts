// One run of the failure laboratory: places so many orders, a few at a time, and follows each to its end.
// Invariant: an order is placed under a key of its own, so asking again after a lost answer never places a second one.
import { api, new_key, ProblemError } from '../api/client';
import type { NewOrder, Order } from '../api/types';
import { is_final } from './saga';

export interface Tracked {
  number: number;
  user: string;
  order?: Order;
  /** It was not accepted, or nobody knows. */
  error?: Error;
}

export interface Run {
  orders: Tracked[];
  placed: number;
  ended: number;
  held: number;
  running: boolean;
  /** The marketplace does not answer; it is asked again. */
  silent: boolean;
  began_ms: number;
  took_ms: number;
}

const at_a_time = 4; // a browser has six connections to a server; the page's own questions need some
const asked_alone = 12; // in one round of questions
const patience_ms = 30_000; // for a service that a CRASH has ended

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    });
  });

const settled = (tracked: Tracked): boolean =>
  tracked.order ? is_final(tracked.order.state) || tracked.order.state === 'HELD' : tracked.error !== undefined;

const may_pass = (error: unknown): boolean =>
  error instanceof ProblemError && (error.status === 0 || error.status === 503 || error.status === 429);

export class LabRun {
  private readonly abort = new AbortController();
  private readonly orders: Tracked[];
  private readonly began_ms = Date.now();
  private took_ms = 0;
  private silent = false;
  private placing = true;

  constructor(
    private readonly template: NewOrder,
    count: number,
    own_users: boolean,
    private readonly tell: (run: Run) => void,
  ) {
    this.orders = Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      user: own_users ? `${template.user}-${index + 1}` : template.user,
    }));
  }

  stop(): void {
    this.abort.abort();
    this.draw();
  }

  async start(): Promise<void> {
    this.draw();
    const following = this.follow();
    const waiting = [...this.orders];
    const worker = async () => {
      for (let next = waiting.shift(); next && !this.abort.signal.aborted; next = waiting.shift())
        await this.place(next);
    };
    await Promise.all(Array.from({ length: at_a_time }, worker));
    this.placing = false;
    await following;
  }

  private async place(tracked: Tracked): Promise<void> {
    const key = new_key();
    const deadline = Date.now() + patience_ms;
    while (!this.abort.signal.aborted) {
      try {
        tracked.order = await api.place({ ...this.template, user: tracked.user }, key);
        this.silent = false;
        break;
      } catch (error) {
        if (may_pass(error) && Date.now() < deadline) {
          this.silent = (error as ProblemError).status === 0;
          this.draw();
          await sleep(400, this.abort.signal);
          continue;
        }
        tracked.error = error as Error;
        await this.look_behind(tracked);
        break;
      }
    }
    this.draw();
  }

  /** Where acceptance failed, an order may be there nevertheless, and is reverted. */
  private async look_behind(tracked: Tracked): Promise<void> {
    const id = tracked.error instanceof ProblemError ? tracked.error.problem.order_id : undefined;
    if (!id) return;
    try {
      tracked.order = await api.order(id);
    } catch {
      // Its problem says all that is known.
    }
  }

  private async follow(): Promise<void> {
    const pause = this.orders.length === 1 ? 120 : 400;
    while (!this.abort.signal.aborted && (this.placing || !this.orders.every(settled))) {
      await this.look();
      this.draw();
      await sleep(this.silent ? 500 : pause, this.abort.signal);
    }
    this.took_ms = Date.now() - this.began_ms;
    this.abort.abort();
    this.draw();
  }

  private async look(): Promise<void> {
    const open = () => this.orders.filter((tracked) => tracked.order && !settled(tracked));
    try {
      if (open().length > 4) await this.look_at_list();
      for (const tracked of open().slice(0, asked_alone)) {
        tracked.order = await api.order((tracked.order as Order).id, this.abort.signal);
      }
      this.silent = false;
    } catch (error) {
      this.silent = may_pass(error);
    }
  }

  private async look_at_list(): Promise<void> {
    const limit = Math.min(500, this.orders.length + 50);
    const page = await api.orders({ limit }, this.abort.signal);
    const by_id = new Map(page.orders.map((order) => [order.id, order]));
    for (const tracked of this.orders) {
      const newer = tracked.order && by_id.get(tracked.order.id);
      if (newer) tracked.order = newer;
    }
  }

  private draw(): void {
    const running = !this.abort.signal.aborted;
    this.tell({
      orders: this.orders.map((tracked) => ({ ...tracked })),
      placed: this.orders.filter((tracked) => tracked.order || tracked.error).length,
      ended: this.orders.filter((tracked) => settled(tracked) && tracked.order?.state !== 'HELD').length,
      held: this.orders.filter((tracked) => tracked.order?.state === 'HELD').length,
      running,
      silent: running && this.silent,
      began_ms: this.began_ms,
      took_ms: this.took_ms || Date.now() - this.began_ms,
    });
  }
}
