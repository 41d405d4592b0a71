// A user's credits, the ledger that they follow from, and the tokens in the wallet; operators grant credits.
import { useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { api } from '../api/client';
import { as_operator, Declined } from '../api/operator';
import type { LedgerEntry, Token } from '../api/types';
import { credits, number, plural } from '../lib/format';
import { usePolled } from '../lib/poll';
import { Badge, Card, Empty, More, OrderLink, PageHead, ProblemNote, Time, UserLink, user_path } from '../parts/basics';

const Search = ({ user }: { user: string }) => {
  const [, navigate] = useLocation();
  const [text, set_text] = useState(user);
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim()) navigate(user_path(text.trim()));
  };
  return (
    <form class="filters" aria-label="Find an account" onSubmit={submit}>
      <label>
        User
        <input
          value={text}
          required
          maxLength={128}
          spellcheck={false}
          onInput={(event) => set_text(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Show</button>
    </form>
  );
};

/** Users of the newest orders, to have somebody to look at. */
const RecentUsers = () => {
  const recent = usePolled(() => api.orders({ limit: 200 }), 'recent');
  const users = [...new Set((recent.data?.orders ?? []).map((order) => order.user))].slice(0, 40);
  return (
    <Card title="Users of the newest orders">
      {recent.error && <ProblemNote error={recent.error} again={recent.refresh} />}
      {users.length > 0 && (
        <ul class="user-list">
          {users.map((user) => (
            <li key={user}>
              <UserLink user={user} />
            </li>
          ))}
        </ul>
      )}
      {recent.data && users.length === 0 && (
        <Empty>
          <p>Nobody has ordered yet. Any name is a user: whom payment has not seen starts with the initial credits.</p>
        </Empty>
      )}
    </Card>
  );
};

/** A list that begins with a live first page, to which older pages are added. */
function use_more<T>(
  first: { items: T[]; cursor: string | null } | undefined,
  load: (cursor: string) => Promise<{ items: T[]; cursor: string | null }>,
) {
  const [older, set_older] = useState<{ items: T[]; cursor: string | null }>();
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<Error>();
  const cursor = older ? older.cursor : (first?.cursor ?? null);
  const more = async () => {
    if (!cursor) return;
    set_busy(true);
    set_error(undefined);
    try {
      const page = await load(cursor);
      set_older({ items: [...(older?.items ?? []), ...page.items], cursor: page.cursor });
    } catch (caught) {
      set_error(caught as Error);
    }
    set_busy(false);
  };
  return { items: [...(first?.items ?? []), ...(older?.items ?? [])], cursor, more, busy, error, live: !older };
}

const entry_tone = (kind: string) => (kind === 'CHARGE' ? 'plain' : kind === 'REFUND' ? 'undo' : 'good');

const Ledger = ({ entries }: { entries: LedgerEntry[] }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>Time</th>
          <th>Kind</th>
          <th class="right">Amount</th>
          <th>Order</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={`${entry.at} ${entry.kind} ${entry.order_id}`}>
            <td data-label="Time">
              <Time at={entry.at} />
            </td>
            <td data-label="Kind">
              <Badge word={entry.kind} tone={entry_tone(entry.kind)} />
            </td>
            <td data-label="Amount" class="right">
              {entry.amount > 0 ? '+' : ''}
              {number(entry.amount)}
            </td>
            <td data-label="Order">{entry.order_id ? <OrderLink id={entry.order_id} /> : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Tokens = ({ tokens }: { tokens: Token[] }) => (
  <div class="table-frame">
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th>Delivered</th>
          <th>SKU</th>
          <th>Order</th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <td data-label="Delivered">
              <Time at={token.delivered_at} />
            </td>
            <td data-label="SKU" class="clip">
              {token.sku}
            </td>
            <td data-label="Order">
              <OrderLink id={token.order_id} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Grant = ({ user, done }: { user: string; done: () => void }) => {
  const [said, set_said] = useState('');
  const [error, set_error] = useState<Error>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const amount = Number(new FormData(event.currentTarget as HTMLFormElement).get('amount'));
    set_error(undefined);
    set_said('');
    try {
      const answer = await as_operator(`to grant ${user} ${credits(amount)}`, (token) =>
        api.grant(token, user, amount),
      );
      set_said(`Granted ${credits(amount)}; ${user} has ${credits(answer.credits)} now.`);
      done();
    } catch (caught) {
      if (!(caught instanceof Declined)) set_error(caught as Error);
    }
  };
  return (
    <Card title="For operators">
      <form class="fields" onSubmit={submit} aria-label="Grant credits">
        <label>
          Credits to grant
          <input name="amount" type="number" min={1} max={1_000_000_000_000_000} required />
        </label>
        <button type="submit">Grant</button>
      </form>
      <p class="said" role="status" aria-live="polite">
        {said}
      </p>
      {error && <ProblemNote error={error} />}
    </Card>
  );
};

const AccountOf = ({ user }: { user: string }) => {
  const account = usePolled(
    () => api.account(user),
    user,
    () => 2000,
  );
  const wallet = usePolled(
    () => api.wallet(user),
    user,
    () => 2000,
  );
  const answered = !account.loading && !wallet.loading; // all at once: nothing jumps
  const entries = use_more(
    account.data && { items: account.data.entries, cursor: account.data.next_cursor },
    async (cursor) => {
      const page = await api.account(user, cursor);
      return { items: page.entries, cursor: page.next_cursor };
    },
  );
  const tokens = use_more(
    wallet.data && { items: wallet.data.tokens, cursor: wallet.data.next_cursor },
    async (cursor) => {
      const page = await api.wallet(user, cursor);
      return { items: page.tokens, cursor: page.next_cursor };
    },
  );
  return (
    <>
      <dl class="figures">
        <div class="figure">
          <dt>Credits</dt>
          <dd data-testid="credits">{account.data ? number(account.data.credits) : '–'}</dd>
        </div>
        <div class="figure">
          <dt>Tokens</dt>
          <dd data-testid="tokens">{wallet.data ? number(wallet.data.quantity) : '–'}</dd>
        </div>
      </dl>
      {answered ? (
        <>
          <div class="columns even tables">
            <Card title="Ledger">
              {account.error && <ProblemNote error={account.error} again={account.refresh} />}
              {entries.items.length > 0 && <Ledger entries={entries.items} />}
              {account.data && entries.items.length === 0 && (
                <Empty>
                  Nothing yet: {user} starts with {credits(account.data.credits)}.
                </Empty>
              )}
              {entries.error && <ProblemNote error={entries.error} />}
              <More {...entries} act={entries.more} />
            </Card>
            <Card
              title="Wallet"
              aside={<span class="muted small-text">{wallet.data ? plural(wallet.data.quantity, 'token') : ''}</span>}
            >
              {wallet.error && <ProblemNote error={wallet.error} again={wallet.refresh} />}
              {tokens.items.length > 0 && <Tokens tokens={tokens.items} />}
              {wallet.data && tokens.items.length === 0 && <Empty>No tokens.</Empty>}
              {tokens.error && <ProblemNote error={tokens.error} />}
              <More {...tokens} act={tokens.more} />
            </Card>
          </div>
          <Grant user={user} done={account.refresh} />
        </>
      ) : (
        <Empty>Loading…</Empty>
      )}
    </>
  );
};

export const Accounts = ({ user }: { user: string }) => (
  <>
    <PageHead
      title={user ? `Account of ${user}` : 'Accounts'}
      lead="Credits, the ledger that they follow from, and the tokens held."
    />
    <Search user={user} />
    {user ? <AccountOf user={user} /> : <RecentUsers />}
  </>
);
