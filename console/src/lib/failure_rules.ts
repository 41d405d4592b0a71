// Which failure instructions make sense, so that only those are offered; and the same order as curl and as ./ldt.
// Pure. Mirrors src/saga/failure.cpp, which has the last word: the server refuses what is wrong here.
import type { FailureEffect, FailureInstruction, FailureKind, Handling, NewOrder, Refusal, Step } from '../api/types';
import { is_undo } from './saga';

const own_refusal: Partial<Record<Step, Refusal[]>> = {
  'order.accept': ['UNDELIVERABLE', 'INSUFFICIENT_FUND', 'INSUFFICIENT_INVENTORY'],
  'payment.charge': ['INSUFFICIENT_FUND'],
  'inventory.reserve': ['INSUFFICIENT_INVENTORY'],
  'delivery.deliver': ['UNDELIVERABLE'],
};

export const most_instructions = 16;
export const most_attempts = 1000;

/** With which words a step may refuse, its own first; none: it can never refuse. */
export const refusals_of = (step: Step): Refusal[] => own_refusal[step] ?? [];

export const kinds_of = (step: Step): FailureKind[] =>
  refusals_of(step).length > 0
    ? ['TIMEOUT', 'UNKNOWN', 'CRASH', 'DELAY', 'REFUSE']
    : ['TIMEOUT', 'UNKNOWN', 'CRASH', 'DELAY'];

/** A refusal has no effect that could have been applied. */
export const effects_of = (kind: FailureKind): FailureEffect[] => (kind === 'REFUSE' ? ['NONE'] : ['NONE', 'APPLIED']);

/** What no number of attempts means. */
export function default_attempts(step: Step, kind: FailureKind): string {
  const silent = kind === 'TIMEOUT' || kind === 'UNKNOWN';
  return silent && !is_undo(step) && step !== 'order.finish' ? 'every attempt' : 'the first attempt';
}

/** The latest answer that is still in time. */
export const longest_delay = (handling: Handling): number => handling.step_timeout_ms - 1;

/** The instruction, with everything that does not go with its step and kind taken out or set right. */
export function made_valid(instruction: FailureInstruction, handling: Handling): FailureInstruction {
  const { step } = instruction;
  const kind = kinds_of(step).includes(instruction.kind) ? instruction.kind : 'TIMEOUT';
  const valid: FailureInstruction = { step, kind };
  if (instruction.effect === 'APPLIED' && effects_of(kind).includes('APPLIED')) valid.effect = 'APPLIED';
  if (instruction.attempts) valid.attempts = Math.min(Math.max(1, Math.round(instruction.attempts)), most_attempts);
  if (kind === 'DELAY') {
    valid.delay_ms = Math.min(Math.max(1, Math.round(instruction.delay_ms ?? 100)), longest_delay(handling));
  }
  const refusals = refusals_of(step);
  if (kind === 'REFUSE' && refusals.length > 1) {
    valid.outcome = refusals.find((refusal) => refusal === instruction.outcome) ?? (refusals[0] as Refusal);
  }
  return valid;
}

export const kind_words: Record<FailureKind, string> = {
  TIMEOUT: 'no answer in time',
  UNKNOWN: 'an error, effect unknown',
  CRASH: 'the process dies',
  DELAY: 'late, but in time',
  REFUSE: 'a business refusal',
};

const quoted = (text: string): string => (/^[\w.@:=/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** A shell line that sends the very same order. */
export function as_curl(order: NewOrder, origin: string): string {
  const body = JSON.stringify(order).replaceAll("'", "'\\''");
  return `curl -s ${origin}/v1/orders -H 'Content-Type: application/json' -H 'Prefer: wait=10' -d '${body}'`;
}

function as_option(failure: FailureInstruction): string {
  let text = `${failure.step}=${failure.kind}`;
  if (failure.effect === 'APPLIED') text += ':applied';
  if (failure.attempts) text += `:n=${failure.attempts}`;
  if (failure.delay_ms) text += `:delay=${failure.delay_ms}`;
  if (failure.outcome) text += `:outcome=${failure.outcome}`;
  return text;
}

/** The same with the project's command line. */
export function as_command(order: NewOrder): string {
  const parts = ['./ldt order', quoted(order.user), order.sku, String(order.quantity)];
  for (const failure of order.failures ?? []) parts.push(`--fail ${as_option(failure)}`);
  if (order.handling?.max_attempts) parts.push(`--max-attempts ${order.handling.max_attempts}`);
  if (order.handling?.step_timeout_ms) parts.push(`--step-timeout-ms ${order.handling.step_timeout_ms}`);
  if (order.handling?.on_failure === 'HOLD') parts.push('--hold');
  return parts.join(' ');
}
