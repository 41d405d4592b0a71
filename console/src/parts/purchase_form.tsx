// Who buys what, and how failures of its steps are handled.
import type { Ref } from 'preact';
import type { Handling } from '../api/types';

export interface Purchase {
  user: string;
  sku: string;
  quantity: number;
  /** Of many orders, each has a user of its own, so that they do not share 500 credits. */
  own_users: boolean;
  handling: Handling;
}

interface PurchaseFormProps {
  reference: Ref<HTMLFormElement>;
  purchase: Purchase;
  skus: string[];
  change: (purchase: Purchase) => void;
  send: () => void;
}

/** A whole number within bounds; what is none stays what it was. */
const NumberField = (props: {
  label: string;
  value: number;
  min: number;
  max: number;
  set: (value: number) => void;
}) => (
  <label>
    {props.label}
    <input
      type="number"
      min={props.min}
      max={props.max}
      step={1}
      required
      value={props.value}
      onChange={(event) => {
        const value = event.currentTarget.valueAsNumber;
        if (Number.isInteger(value)) props.set(value);
      }}
    />
  </label>
);

export const PurchaseForm = ({ reference, purchase, skus, change, send }: PurchaseFormProps) => {
  const { handling } = purchase;
  const handle = (part: Partial<Handling>) => change({ ...purchase, handling: { ...handling, ...part } });
  return (
    <form
      ref={reference}
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label>
        User
        <input
          value={purchase.user}
          required
          maxLength={120}
          spellcheck={false}
          onInput={(event) => change({ ...purchase, user: event.currentTarget.value })}
        />
      </label>
      <label>
        SKU
        <input
          value={purchase.sku}
          required
          pattern="[a-z0-9.\-]{1,64}"
          title="1 to 64 of a-z, 0-9, . and -"
          list="skus"
          onInput={(event) => change({ ...purchase, sku: event.currentTarget.value })}
        />
        <datalist id="skus">
          {skus.map((sku) => (
            <option key={sku} value={sku} />
          ))}
        </datalist>
      </label>
      <NumberField
        label="Tokens"
        value={purchase.quantity}
        min={1}
        max={1_000_000}
        set={(quantity) => change({ ...purchase, quantity })}
      />
      <NumberField
        label="Attempts at a step"
        value={handling.max_attempts}
        min={1}
        max={10}
        set={(max_attempts) => handle({ max_attempts })}
      />
      <NumberField
        label="Time for each, ms"
        value={handling.step_timeout_ms}
        min={10}
        max={10_000}
        set={(step_timeout_ms) => handle({ step_timeout_ms })}
      />
      <label>
        Then
        <select
          value={handling.on_failure}
          onChange={(event) => handle({ on_failure: event.currentTarget.value as Handling['on_failure'] })}
        >
          <option value="REVERT">revert the order</option>
          <option value="HOLD">hold it until retry or cancel</option>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={purchase.own_users}
          onChange={(event) => change({ ...purchase, own_users: event.currentTarget.checked })}
        />
        Of a hundred orders, a user of its own for each
      </label>
      <button type="submit" class="visually-hidden" tabIndex={-1}>
        Send
      </button>
    </form>
  );
};
