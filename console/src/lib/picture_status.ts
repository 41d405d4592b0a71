// What the picture of the saga says of one order, or of many. Pure.
import type { Order, Step } from '../api/types';
import type { NodeStatus } from '../parts/saga_picture';
import { all_steps, attempts_of, is_final, is_undo, type Tone, tone_of } from './saga';

export interface PictureState {
  status: Map<Step, NodeStatus>;
  ends: { completed: number; reverted: number };
}

type StepState = 'done' | 'failed' | 'busy';

/** Where each step of an order stands, with the last outcome and the number of attempts. */
function steps_of(order: Order): Map<Step, { state: StepState; outcome: string | null; attempts: number }> {
  const steps = new Map<Step, { state: StepState; outcome: string | null; attempts: number }>();
  // The server shows the two steps of its own only where they took more than one attempt.
  steps.set('order.accept', { state: 'done', outcome: 'SUCCESS', attempts: 1 });
  if (order.state === 'COMPLETED') steps.set('order.finish', { state: 'done', outcome: 'SUCCESS', attempts: 1 });
  for (const attempt of attempts_of(order)) {
    const state = attempt.outcome === null ? 'busy' : attempt.outcome === 'SUCCESS' ? 'done' : 'failed';
    steps.set(attempt.step, { state, outcome: attempt.outcome, attempts: attempt.of });
  }
  return steps;
}

function one(order: Order): Map<Step, NodeStatus> {
  const status = new Map<Step, NodeStatus>();
  for (const [step, { state, outcome, attempts }] of steps_of(order)) {
    const times = attempts > 1 ? ` ×${attempts}` : '';
    const word = (outcome ?? 'under way').replace('INSUFFICIENT_', 'NO ');
    const tone: Tone = state === 'done' && is_undo(step) ? 'undo' : tone_of(outcome);
    const retried = state === 'failed' && !is_final(order.state) && order.state !== 'HELD' && is_undo(step);
    status.set(step, { tone, text: `${word}${times}`, busy: state === 'busy' || retried });
  }
  return status;
}

function many(orders: Order[]): Map<Step, NodeStatus> {
  const counts = new Map<Step, Record<StepState, number>>();
  for (const order of orders) {
    for (const [step, { state }] of steps_of(order)) {
      const count = counts.get(step) ?? { done: 0, failed: 0, busy: 0 };
      count[state] += 1;
      counts.set(step, count);
    }
  }
  const status = new Map<Step, NodeStatus>();
  for (const step of all_steps) {
    const count = counts.get(step);
    if (!count) continue;
    const words = [
      count.done ? `${count.done} ✓` : '',
      count.failed ? `${count.failed} ✗` : '',
      count.busy ? `${count.busy} …` : '',
    ];
    const tone: Tone = count.failed ? 'bad' : count.done ? (is_undo(step) ? 'undo' : 'good') : 'busy';
    status.set(step, { tone, text: words.filter(Boolean).join('  '), busy: count.busy > 0 });
  }
  return status;
}

export function picture_of(orders: Order[]): PictureState {
  const [first] = orders;
  return {
    status: orders.length === 1 && first ? one(first) : many(orders),
    ends: {
      completed: orders.filter((order) => order.state === 'COMPLETED').length,
      reverted: orders.filter((order) => order.state === 'REVERTED').length,
    },
  };
}
