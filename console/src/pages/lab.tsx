// The failure laboratory: choose what shall fail on a picture of the saga, send one order or a hundred, watch them revert.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { api } from '../api/client';
import type { FailureInstruction, Handling, NewOrder, Order, Step } from '../api/types';
import { as_command, as_curl, made_valid } from '../lib/failure_rules';
import { LabRun, type Run } from '../lib/lab_run';
import { picture_of } from '../lib/picture_status';
import { usePolled } from '../lib/poll';
import { Card, CopyButton, PageHead } from '../parts/basics';
import { FailureForm } from '../parts/failure_form';
import { PurchaseForm, type Purchase } from '../parts/purchase_form';
import { RunResults } from '../parts/run_results';
import { SagaPicture } from '../parts/saga_picture';

const default_handling: Handling = { max_attempts: 3, step_timeout_ms: 500, on_failure: 'REVERT' };
const first_failure: FailureInstruction = { step: 'delivery.deliver', kind: 'TIMEOUT', effect: 'APPLIED' };
const first_purchase: Purchase = {
  user: 'alice',
  sku: 'late-day',
  quantity: 2,
  own_users: true,
  handling: default_handling,
};

/** Only what differs from the server's defaults is said. */
function order_of(purchase: Purchase, failures: FailureInstruction[]): NewOrder {
  const { max_attempts, step_timeout_ms, on_failure } = purchase.handling;
  const handling: Partial<Handling> = {};
  if (max_attempts !== default_handling.max_attempts) handling.max_attempts = max_attempts;
  if (step_timeout_ms !== default_handling.step_timeout_ms) handling.step_timeout_ms = step_timeout_ms;
  if (on_failure !== default_handling.on_failure) handling.on_failure = on_failure;
  return {
    user: purchase.user,
    sku: purchase.sku,
    quantity: purchase.quantity,
    ...(failures.length ? { failures } : {}),
    ...(Object.keys(handling).length ? { handling } : {}),
  };
}

const Commands = ({ order }: { order: NewOrder }) => {
  const curl = as_curl(order, window.location.origin);
  const command = as_command(order);
  return (
    <Card title="The same in a terminal">
      <div class="command-line">
        <pre class="command" data-testid="curl">
          {curl}
        </pre>
        <CopyButton text={curl} label="Copy as curl" />
      </div>
      <div class="command-line">
        <pre class="command" data-testid="command">
          {command}
        </pre>
        <CopyButton text={command} label="Copy as ./ldt" />
      </div>
    </Card>
  );
};

function use_run() {
  const [run, set_run] = useState<Run>();
  const current = useRef<LabRun>();
  useEffect(() => () => current.current?.stop(), []);
  const start = (order: NewOrder, count: number, own_users: boolean) => {
    current.current?.stop();
    const mine = new LabRun(order, count, own_users, (next) => current.current === mine && set_run(next));
    current.current = mine;
    void mine.start();
  };
  return { run, start, stop: () => current.current?.stop() };
}

export const Lab = () => {
  const [purchase, set_purchase] = useState(first_purchase);
  const [failures, set_failures] = useState([first_failure]);
  const [edited, set_edited] = useState(0);
  const { run, start, stop } = use_run();
  const inventory = usePolled(() => api.inventory(100), 'inventory');
  const skus = (inventory.data?.inventory ?? []).map((item) => item.sku);

  const valid = useMemo(
    () => failures.map((failure) => made_valid(failure, purchase.handling)),
    [failures, purchase.handling],
  );
  const order = useMemo(() => order_of(purchase, valid), [purchase, valid]);
  const followed = (run?.orders ?? [])
    .map((tracked) => tracked.order)
    .filter((each): each is Order => each !== undefined);
  const picture = picture_of(followed);

  const change = (failure: FailureInstruction) =>
    set_failures(valid.map((each, index) => (index === edited ? failure : each)));
  const choose = (step: Step) => {
    const present = valid[edited];
    if (present) return change({ ...present, step });
    set_failures([{ step, kind: 'TIMEOUT' }]);
    set_edited(0);
  };
  const form = useRef<HTMLFormElement>(null);
  const send = (count: number) => {
    if (form.current?.reportValidity()) start(order, count, purchase.own_users && count > 1);
  };
  const busy = run?.running ?? false;
  return (
    <>
      <PageHead
        title="Failure laboratory"
        lead="Choose a step, say how it shall fail, and send the order. The failure is real: a deadline expires, a process dies."
      />
      <Card class="picture-card">
        <SagaPicture
          {...picture}
          armed={new Set(valid.map((failure) => failure.step))}
          {...(valid[edited] ? { chosen: valid[edited].step } : {})}
          choose={choose}
        />
        <p class="picture-key" aria-hidden="true">
          <span class="key-arrow forward">forward</span>
          <span class="key-arrow fail">when it fails</span>
          <span class="key-arrow back">undo, newest first</span>
          <span>⚡ told to fail</span>
        </p>
      </Card>
      <div class="columns even">
        <Card title="What shall fail">
          <FailureForm
            failures={valid}
            edited={edited}
            handling={purchase.handling}
            edit={set_edited}
            change={change}
            add={() => {
              set_failures([...valid, { step: 'payment.refund', kind: 'UNKNOWN', attempts: 2 }]);
              set_edited(valid.length);
            }}
            remove={() => {
              set_failures(valid.filter((_, index) => index !== edited));
              set_edited(Math.max(0, edited - 1));
            }}
          />
        </Card>
        <Card title="The order">
          <PurchaseForm reference={form} purchase={purchase} skus={skus} change={set_purchase} send={() => send(1)} />
          <div class="actions send">
            <button type="button" class="primary" disabled={busy} onClick={() => send(1)}>
              Send one order
            </button>
            <button type="button" disabled={busy} onClick={() => send(100)}>
              Send a hundred
            </button>
            {busy && (
              <button type="button" onClick={stop}>
                Stop
              </button>
            )}
          </div>
        </Card>
      </div>
      {run && <RunResults run={run} />}
      <Commands order={order} />
      <p class="hint">
        Every instruction is explained in the <a href="/openapi.json">API description</a>; what an order's end means is
        on its <Link href="/console/orders">page</Link>.
      </p>
    </>
  );
};
