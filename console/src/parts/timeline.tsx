// An order's saga as a timeline: each attempt a row, its bar to scale, undos and struck failures marked.
import type { Order } from '../api/types';
import { duration, micros } from '../lib/format';
import { type Attempt, attempts_of, is_final, tone_of } from '../lib/saga';
import { Badge } from './basics';

/** Where the bars begin and end: acceptance, and the end or the last that is known. */
function span_of(order: Order, attempts: Attempt[], now_us: number): { begin: number; length: number } {
  const begin = micros(order.created_at);
  const ends = attempts.map((attempt) => attempt.started_us + (attempt.duration_us ?? 0));
  const end = order.finished_at ? micros(order.finished_at) : Math.max(now_us, ...ends);
  return { begin, length: Math.max(1, end - begin) };
}

const percent = (part: number) => `${Math.min(100, Math.max(0, part * 100)).toFixed(3)}%`;
/** A bar at the very end is seen, too. */
const from_left = (part: number) => `min(${percent(part)}, calc(100% - 3px))`;

const AttemptRow = ({ attempt, begin, length }: { attempt: Attempt; begin: number; length: number }) => {
  const offset = Math.max(0, attempt.started_us - begin);
  const took = attempt.duration_us ?? Math.max(0, length - offset);
  const tone =
    attempt.struck && attempt.outcome !== 'SUCCESS' ? 'bad' : attempt.undo ? 'undo' : tone_of(attempt.outcome);
  return (
    <li class={`attempt ${attempt.undo ? 'undo' : ''}`}>
      <span class="attempt-step">
        {attempt.undo && (
          <span class="undo-mark" aria-hidden="true">
            ↩
          </span>
        )}
        {attempt.step}
        {attempt.undo && <span class="visually-hidden"> (undo)</span>}
        {attempt.of > 1 && <span class="muted"> · attempt {attempt.number}</span>}
      </span>
      <span class="attempt-track" aria-hidden="true">
        <span
          class={`attempt-bar fill-${tone}`}
          style={{ left: from_left(offset / length), width: percent(took / length) }}
        />
      </span>
      <span class="attempt-facts">
        <Badge word={attempt.outcome ?? 'under way'} tone={tone_of(attempt.outcome)} />
        <span class="num">{attempt.duration_us === null ? '' : duration(attempt.duration_us)}</span>
        <span class="num muted">+{duration(offset)}</span>
      </span>
      {attempt.struck && <span class="attempt-struck">⚡ struck: {attempt.struck}</span>}
    </li>
  );
};

export const Timeline = ({ order }: { order: Order }) => {
  const attempts = attempts_of(order);
  const now_us = is_final(order.state) ? 0 : Date.now() * 1000;
  const { begin, length } = span_of(order, attempts, now_us);
  if (attempts.length === 0) return <p class="muted pad">No step has begun.</p>;
  return (
    <ol class="timeline">
      {attempts.map((attempt) => (
        <AttemptRow key={`${attempt.step} ${attempt.number}`} attempt={attempt} begin={begin} length={length} />
      ))}
    </ol>
  );
};
