// Small pieces that every page is made of: badges, times, problems, empty places, copying.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { ProblemError } from '../api/client';
import { Declined } from '../api/operator';
import { clock, date_time, utc } from '../lib/format';
import { type Tone, tone_of } from '../lib/saga';

export const Badge = ({ word, tone }: { word: string; tone?: Tone }) => (
  <span class={`badge tone-${tone ?? tone_of(word)}`}>{word.replaceAll('_', ' ')}</span>
);

/** Local time, UTC for the pointer that hovers. */
export const Time = ({ at, only_clock }: { at: string; only_clock?: boolean }) => (
  <time dateTime={at} title={utc(at)}>
    {only_clock ? clock(at) : date_time(at)}
  </time>
);

export const order_path = (id: string) => `/console/orders/${id}`;
export const user_path = (user: string) => `/console/accounts/${encodeURIComponent(user)}`;

export const OrderLink = ({ id, whole }: { id: string; whole?: boolean }) => (
  <Link href={order_path(id)} class="mono" title={id} aria-label={`Order ${id}`}>
    {whole ? id : `…${id.slice(-12)}`}
  </Link>
);

export const UserLink = ({ user }: { user: string }) => (
  <Link href={user_path(user)} class="name" title={user}>
    {user}
  </Link>
);

export const Card = (props: {
  title?: string;
  class?: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) => (
  <section class={`card ${props.class ?? ''}`}>
    {props.title && (
      <header class="card-head">
        <h2>{props.title}</h2>
        {props.aside}
      </header>
    )}
    {props.children}
  </section>
);

export const PageHead = (props: { title: string; lead?: ComponentChildren; children?: ComponentChildren }) => (
  <div class="page-head">
    <div>
      <h1>{props.title}</h1>
      {props.lead && <p class="lead">{props.lead}</p>}
    </div>
    {props.children && <div class="actions">{props.children}</div>}
  </div>
);

export const Empty = ({ children }: { children: ComponentChildren }) => <div class="empty">{children}</div>;

function problem_words(error: Error): { title: string; detail: string; page?: string } {
  if (!(error instanceof ProblemError)) return { title: 'Something went wrong in this page', detail: error.message };
  const { problem } = error;
  const fields = (problem.errors ?? []).map((each) => `${each.pointer ?? each.parameter ?? ''} ${each.detail}`.trim());
  const detail = [problem.detail, ...fields.filter((field) => !problem.detail.includes(field))]
    .filter(Boolean)
    .join(' · ');
  return { title: problem.title, detail, ...(problem.type.startsWith('/errors/') ? { page: problem.type } : {}) };
}

/** What went wrong, in the server's words, with the page that explains it. */
export const ProblemNote = ({ error, again }: { error: Error; again?: () => void }) => {
  if (error instanceof Declined) {
    return (
      <div class="note" role="status">
        <p>This needs the operator token.</p>
        {again && (
          <button type="button" onClick={again}>
            Give the token
          </button>
        )}
      </div>
    );
  }
  const words = problem_words(error);
  return (
    <div class="note note-bad" role="alert">
      <p>
        <strong>{words.title}.</strong> {words.detail}{' '}
        {words.page && (
          <a href={words.page} target="_blank" rel="noreferrer">
            What this means
          </a>
        )}
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
};

/** Without https or localhost a browser has no clipboard: then the old way, a field that is selected. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

export const CopyButton = ({ text, label }: { text: string; label: string }) => {
  const [said, set_said] = useState('');
  const act = async () => {
    set_said((await copy(text)) ? 'Copied' : 'Select and copy it');
    window.setTimeout(() => set_said(''), 1500);
  };
  return (
    <button type="button" class="small" onClick={act}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
};

export const Figure = ({ label, value, hint }: { label: string; value: ComponentChildren; hint?: string }) => (
  <div class="figure" title={hint}>
    <dt>{label}</dt>
    <dd>{value}</dd>
  </div>
);

/** "More" below a list that has another page. */
export const More = ({ cursor, busy, act }: { cursor: string | null; busy: boolean; act: () => void }) =>
  cursor ? (
    <div class="more">
      <button type="button" onClick={act} disabled={busy}>
        {busy ? 'Loading…' : 'Show more'}
      </button>
    </div>
  ) : null;
