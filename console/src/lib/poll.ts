// Asks again and again while a component is there, and no faster than it is answered; sleeps in a hidden tab.
// Invariant: an answer that comes after the component is gone, or after a newer question, is dropped.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ProblemError } from '../api/client';

export interface Polled<T> {
  data: T | undefined;
  /** Of the last question; what was known before stays in `data`. */
  error: Error | undefined;
  loading: boolean;
  /** Asks now. */
  refresh: () => void;
}

/** Milliseconds until the next question, from the last answer; null: no more. */
export type Pace<T> = (data: T | undefined, error: Error | undefined) => number | null;

const longest_pause = 5000;

/** Twice as long after each failure in a row, up to 5 s. */
function backoff(pause: number, failures: number): number {
  return failures === 0 ? pause : Math.min(Math.max(pause, 500) * 2 ** failures, longest_pause);
}

/** Whether asking again may help: not where the server says that there is no such thing. */
function passes(error: Error | undefined): boolean {
  return !(error instanceof ProblemError) || error.status === 0 || error.status >= 500;
}

/**
 * @param ask    the question; a null `ask` asks nothing
 * @param key    what the question depends on: another key begins anew, with nothing known
 */
export function usePolled<T>(
  ask: ((signal: AbortSignal) => Promise<T>) | null,
  key: string,
  pace: Pace<T> = () => null,
): Polled<T> {
  const [state, set_state] = useState<{ key: string; data?: T; error?: Error; loading: boolean }>({
    key,
    loading: true,
  });
  const again = useRef<() => void>(() => {});
  const latest = useRef({ ask, pace });
  latest.current = { ask, pace };

  // ask and pace are read anew each time; key says when they mean something else.
  useEffect(() => {
    const controller = new AbortController();
    let timer: number | undefined;
    let failures = 0;
    let asking = false;
    let data: T | undefined;
    const schedule = (error?: Error) => {
      const pause = latest.current.pace(data, error);
      if (pause === null || !passes(error)) return;
      timer = window.setTimeout(run, backoff(pause, failures));
    };
    const run = async () => {
      window.clearTimeout(timer);
      if (asking || !latest.current.ask || controller.signal.aborted) return;
      if (document.hidden && data !== undefined) {
        timer = window.setTimeout(run, 1000);
        return;
      }
      asking = true;
      let error: Error | undefined;
      try {
        data = await latest.current.ask(controller.signal);
        failures = 0;
      } catch (caught) {
        error = caught as Error;
        failures += 1;
      }
      asking = false;
      if (controller.signal.aborted) return;
      set_state({ key, loading: false, ...(data === undefined ? {} : { data }), ...(error ? { error } : {}) });
      schedule(error);
    };
    again.current = () => {
      failures = 0;
      void run();
    };
    set_state({ key, loading: true });
    void run();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
  }, [key, ask === null]);

  const refresh = useCallback(() => again.current(), []);
  const current = state.key === key ? state : { loading: true };
  return { data: undefined, error: undefined, ...current, refresh };
}
