// The proof that nothing was lost and nothing made from nothing: both equations in numbers, and what breaks a rule.
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api/client';
import { as_operator, useHasToken } from '../api/operator';
import type { Audit } from '../api/types';
import { number } from '../lib/format';
import { usePolled } from '../lib/poll';
import { states } from '../lib/saga';
import { Badge, Card, Empty, OrderLink, PageHead, ProblemNote } from '../parts/basics';

interface Term {
  label: string;
  value: number;
}

const Equation = ({ title, left, right }: { title: string; left: Term; right: Term[] }) => {
  const sum = right.reduce((total, term) => total + term.value, 0);
  const holds = sum === left.value;
  return (
    <Card
      title={title}
      aside={<Badge word={holds ? 'holds' : `off by ${number(left.value - sum)}`} tone={holds ? 'good' : 'bad'} />}
    >
      <div class="equation" data-testid={`equation-${title.toLowerCase()}`}>
        <span class="term">
          <b>{number(left.value)}</b>
          {left.label}
        </span>
        {right.map((term, index) => (
          <Fragment key={term.label}>
            <span class="sign">{index === 0 ? (holds ? '=' : '≠') : '+'}</span>
            <span class="term">
              <b>{number(term.value)}</b>
              {term.label}
            </span>
          </Fragment>
        ))}
      </div>
    </Card>
  );
};

const Violations = ({ audit }: { audit: Audit }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>Order</th>
          <th>Rule</th>
          <th>What is wrong</th>
        </tr>
      </thead>
      <tbody>
        {audit.violations.slice(0, 200).map((violation) => (
          <tr key={`${violation.order_id} ${violation.rule} ${violation.detail}`}>
            <td data-label="Order">{violation.order_id ? <OrderLink id={violation.order_id} /> : '–'}</td>
            <td data-label="Rule">{violation.rule}</td>
            <td data-label="What is wrong" class="break">
              {violation.detail}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Verdict = ({ audit }: { audit: Audit }) => (
  <>
    <p
      class={`verdict ${audit.ok ? 'verdict-good' : 'verdict-bad'}`}
      role="status"
      aria-live="polite"
      data-testid="verdict"
    >
      {audit.ok
        ? '✓ Both equations hold, and no order breaks a rule.'
        : `✗ ${number(audit.violations.length)} violations. Something is wrong.`}
    </p>
    <Equation
      title="Credits"
      left={{ label: 'granted', value: audit.credits.granted }}
      right={[
        { label: 'balances', value: audit.credits.balances },
        { label: 'charges of completed orders', value: audit.credits.completed_charges },
        { label: 'charges in flight', value: audit.credits.charges_in_flight },
      ]}
    />
    <Equation
      title="Tokens"
      left={{ label: 'put in', value: audit.stock.put_in }}
      right={[
        { label: 'on hand', value: audit.stock.on_hand },
        { label: 'reserved', value: audit.stock.reserved },
        { label: 'sold', value: audit.stock.sold },
      ]}
    />
    <Card title="Orders">
      <dl class="figures">
        {states.map((state) => (
          <div class="figure" key={state}>
            <dt>{state.toLowerCase()}</dt>
            <dd>{number(audit.orders[state])}</dd>
          </div>
        ))}
      </dl>
    </Card>
    {audit.violations.length > 0 && (
      <Card title="Violations">
        <Violations audit={audit} />
      </Card>
    )}
  </>
);

export const AuditPage = () => {
  const operator = useHasToken();
  const [round, set_round] = useState(0);
  const [wanted, set_wanted] = useState(operator);
  const audit = usePolled(wanted ? () => as_operator('to see the audit', api.audit) : null, `audit ${round}`);
  const run = () => {
    set_wanted(true);
    set_round(round + 1);
  };
  return (
    <>
      <PageHead
        title="Audit"
        lead="Adds up every credit and every token over all services, from their journals, while orders run; and checks that each order's end is its end everywhere."
      >
        <button type="button" class="primary" onClick={run} disabled={wanted && audit.loading}>
          {wanted && audit.loading ? 'Adding up…' : wanted ? 'Run it again' : 'Run the audit'}
        </button>
      </PageHead>
      {audit.error && <ProblemNote error={audit.error} again={run} />}
      {audit.data && <Verdict audit={audit.data} />}
      {!wanted && (
        <Card>
          <Empty>The audit is for operators: it asks for the operator token.</Empty>
        </Card>
      )}
      {wanted && audit.loading && <Empty>Adding up…</Empty>}
    </>
  );
};
