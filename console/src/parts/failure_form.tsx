// The failure instructions of an order: a list to pick from, and a form for the one that is picked. Only what makes sense
// for its step and kind is offered.
import type { FailureEffect, FailureInstruction, FailureKind, Handling, Refusal, Step } from '../api/types';
import {
  default_attempts,
  effects_of,
  kind_words,
  kinds_of,
  longest_delay,
  made_valid,
  most_attempts,
  most_instructions,
  refusals_of,
} from '../lib/failure_rules';
import { all_steps, is_undo } from '../lib/saga';

interface FailureFormProps {
  failures: FailureInstruction[];
  edited: number;
  handling: Handling;
  edit: (index: number) => void;
  change: (failure: FailureInstruction) => void;
  add: () => void;
  remove: () => void;
}

const effect_words: Record<FailureEffect, string> = {
  NONE: 'before its effect',
  APPLIED: 'after its effect: answer lost',
};

const Chips = ({ failures, edited, edit, add }: FailureFormProps) => (
  <fieldset class="choices">
    <legend class="visually-hidden">Failure instructions</legend>
    {failures.map((failure, index) => (
      // Its place is the only name that an instruction has.
      <button key={index} type="button" class="small" aria-pressed={index === edited} onClick={() => edit(index)}>
        ⚡ {failure.step}={failure.kind}
      </button>
    ))}
    <button type="button" class="small" disabled={failures.length >= most_instructions} onClick={add}>
      + add a failure
    </button>
  </fieldset>
);

const Details = ({
  failure,
  set,
  handling,
}: {
  failure: FailureInstruction;
  set: (next: FailureInstruction) => void;
  handling: Handling;
}) => {
  const refusals = refusals_of(failure.step);
  return (
    <>
      {failure.kind === 'DELAY' && (
        <label>
          Late by, ms
          <input
            type="number"
            min={1}
            max={longest_delay(handling)}
            value={failure.delay_ms}
            required
            onChange={(event) => set({ ...failure, delay_ms: event.currentTarget.valueAsNumber || 1 })}
          />
          <span class="hint">Below the step's time of {handling.step_timeout_ms} ms.</span>
        </label>
      )}
      {failure.kind === 'REFUSE' && (
        <label>
          Refusal
          <select
            value={failure.outcome ?? refusals[0]}
            disabled={refusals.length < 2}
            onChange={(event) => set({ ...failure, outcome: event.currentTarget.value as Refusal })}
          >
            {refusals.map((refusal) => (
              <option key={refusal}>{refusal}</option>
            ))}
          </select>
        </label>
      )}
    </>
  );
};

const Fields = ({
  failure,
  handling,
  change,
}: {
  failure: FailureInstruction;
  handling: Handling;
  change: (next: FailureInstruction) => void;
}) => {
  const set = (next: FailureInstruction) => change(made_valid(next, handling));
  const { attempts, ...without_attempts } = failure;
  return (
    <div class="fields">
      <label>
        Step
        <select value={failure.step} onChange={(event) => set({ ...failure, step: event.currentTarget.value as Step })}>
          {all_steps.map((step) => (
            <option key={step} value={step}>
              {step}
              {is_undo(step) ? ' (undo)' : ''}
            </option>
          ))}
        </select>
      </label>
      <label class="wide">
        Kind
        <select
          value={failure.kind}
          onChange={(event) => set({ ...failure, kind: event.currentTarget.value as FailureKind })}
        >
          {kinds_of(failure.step).map((kind) => (
            <option key={kind} value={kind}>
              {kind}: {kind_words[kind]}
            </option>
          ))}
        </select>
      </label>
      <label class="wide">
        It strikes
        <select
          value={failure.effect ?? 'NONE'}
          disabled={effects_of(failure.kind).length < 2}
          onChange={(event) => set({ ...failure, effect: event.currentTarget.value as FailureEffect })}
        >
          {effects_of(failure.kind).map((effect) => (
            <option key={effect} value={effect}>
              {effect_words[effect]}
            </option>
          ))}
        </select>
      </label>
      <label>
        First so many attempts
        <input
          type="number"
          min={1}
          max={most_attempts}
          value={attempts ?? ''}
          placeholder={default_attempts(failure.step, failure.kind)}
          onChange={(event) => {
            const count = event.currentTarget.valueAsNumber;
            set(count >= 1 ? { ...without_attempts, attempts: count } : without_attempts);
          }}
        />
      </label>
      <Details failure={failure} set={set} handling={handling} />
    </div>
  );
};

export const FailureForm = (props: FailureFormProps) => {
  const failure = props.failures[props.edited];
  return (
    <div class="failure-form">
      <Chips {...props} />
      {failure ? (
        <>
          <Fields failure={failure} handling={props.handling} change={props.change} />
          {is_undo(failure.step) && (
            <p class="hint">
              An undo runs only when an earlier step has failed: let one fail, too. It is tried again until it succeeds.
            </p>
          )}
          <button type="button" class="small" onClick={props.remove}>
            Remove this failure
          </button>
        </>
      ) : (
        <p class="muted">Nothing: the order will complete. Choose a step on the picture to let it fail.</p>
      )}
    </div>
  );
};
