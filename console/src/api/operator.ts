// The operator's token: asked for once, kept for this tab alone, asked for again when the server refuses it.
// Invariant: no operator call leaves without a token, and a token that was refused is forgotten.
import { useSyncExternalStore } from '../lib/store';
import { ProblemError } from './client';

const kept = 'ldt.operator';

export interface TokenQuestion {
  /** Why it is asked, e.g. "to restock late-day". */
  purpose: string;
  refused: boolean;
  answer: (token: string | null) => void;
}

/** The user closed the question. */
export class Declined extends Error {}

let question: TokenQuestion | null = null;
const listeners = new Set<() => void>();

function ask(next: TokenQuestion | null): void {
  question = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The question that is open, for the dialog. */
export const useTokenQuestion = (): TokenQuestion | null => useSyncExternalStore(subscribe, () => question);

export const has_token = (): boolean => sessionStorage.getItem(kept) !== null;
/** Whether a token is there; changes as it is given and forgotten. */
export const useHasToken = (): boolean => useSyncExternalStore(subscribe, has_token);

export function forget_token(): void {
  sessionStorage.removeItem(kept);
  ask(null);
}

function obtain(purpose: string, refused: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    question?.answer(null); // one at a time: the newest wins
    ask({
      purpose,
      refused,
      answer: (token) => {
        if (token) sessionStorage.setItem(kept, token);
        ask(null);
        if (token) resolve(token);
        else reject(new Declined('No operator token was given.'));
      },
    });
  });
}

/** Runs an operator call. Asks for the token if there is none, and again as long as the server refuses it. */
export async function as_operator<T>(purpose: string, call: (token: string) => Promise<T>): Promise<T> {
  let token = sessionStorage.getItem(kept) ?? (await obtain(purpose, false));
  for (;;) {
    try {
      return await call(token);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 401) throw error;
      sessionStorage.removeItem(kept);
      token = await obtain(purpose, true);
    }
  }
}
