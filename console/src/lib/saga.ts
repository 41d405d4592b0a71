// What the console knows of the saga: its steps in both directions, and an order's attempts in a row.
// Pure. Mirrors src/saga/vocabulary.h and docs/decisions/0005-failure-strikes.md.
import type { Order, OrderState, Outcome, Step, StruckInstruction } from '../api/types';
import { micros } from './format';

export const forward_steps: Step[] = [
  'order.accept',
  'payment.charge',
  'inventory.reserve',
  'delivery.deliver',
  'order.finish',
];
export const undo_steps: Step[] = ['delivery.revoke', 'inventory.release', 'payment.refund'];
export const all_steps: Step[] = [
  'order.accept',
  'payment.charge',
  'inventory.reserve',
  'delivery.deliver',
  'delivery.revoke',
  'inventory.release',
  'payment.refund',
  'order.finish',
];
export const states: OrderState[] = ['RUNNING', 'HELD', 'REVERTING', 'COMPLETED', 'REVERTED'];
export const outcomes: Outcome[] = [
  'SUCCESS',
  'INSUFFICIENT_FUND',
  'INSUFFICIENT_INVENTORY',
  'TIMEOUT',
  'UNKNOWN',
  'UNDELIVERABLE',
  'CANCELLED',
];

export const is_undo = (step: Step): boolean => undo_steps.includes(step);
export const is_final = (state: OrderState): boolean => state === 'COMPLETED' || state === 'REVERTED';

const outcome_words: Record<Outcome, string> = {
  SUCCESS: 'it succeeded',
  INSUFFICIENT_FUND: 'there were not enough credits',
  INSUFFICIENT_INVENTORY: 'there was not enough stock',
  TIMEOUT: 'no answer came in time, so it may have happened',
  UNKNOWN: 'it failed in a way that may have had its effect',
  UNDELIVERABLE: 'it could not be delivered',
  CANCELLED: 'it was cancelled',
};
export const in_words = (outcome: Outcome): string => outcome_words[outcome];

/** One attempt at a step, with what struck it. */
export interface Attempt {
  step: Step;
  number: number;
  /** How many the step has had, this one included, at the end. */
  of: number;
  undo: boolean;
  outcome: Outcome | null;
  started_us: number;
  /** null while it is under way */
  duration_us: number | null;
  struck: string;
}

/** "TIMEOUT, applied" */
export function instruction_words(
  instruction: Pick<StruckInstruction, 'kind' | 'effect' | 'delay_ms' | 'outcome'>,
): string {
  const parts: string[] = [instruction.kind];
  if (instruction.effect === 'APPLIED') parts.push('after the effect');
  if (instruction.delay_ms) parts.push(`${instruction.delay_ms} ms`);
  if (instruction.outcome) parts.push(instruction.outcome);
  return parts.join(', ');
}

/** The instructions of a step strike one after the other: the first the first so many attempts, then the next. */
function struck_at(order: Order, step: Step, number: number): string {
  let before = 0;
  for (const instruction of order.failures) {
    if (instruction.step !== step) continue;
    if (number > before && number <= before + instruction.struck) return instruction_words(instruction);
    before += instruction.attempts ?? instruction.struck;
  }
  return '';
}

/** Every attempt of an order, oldest first. */
export function attempts_of(order: Order): Attempt[] {
  const attempts = order.steps.flatMap((report) => {
    const tries = report.tries?.length ? report.tries : [report];
    const first = report.attempts - tries.length + 1;
    return tries.map((each, index) => ({
      step: report.step,
      number: first + index,
      of: report.attempts,
      undo: is_undo(report.step),
      outcome: each.outcome,
      started_us: micros(each.started_at),
      duration_us: each.duration_us,
      struck: struck_at(order, report.step, first + index),
    }));
  });
  return attempts.sort((left, right) => left.started_us - right.started_us);
}

/** How good, bad or pending a word is; the colour of its badge. */
export type Tone = 'good' | 'bad' | 'warn' | 'undo' | 'busy' | 'plain';

export function tone_of(word: OrderState | Outcome | string | null): Tone {
  switch (word) {
    case 'COMPLETED':
    case 'SUCCESS':
      return 'good';
    case 'REVERTED':
    case 'REVERTING':
      return 'undo';
    case 'HELD':
    case 'CANCELLED':
      return 'warn';
    case 'RUNNING':
    case null:
      return 'busy';
    default:
      return 'bad';
  }
}
