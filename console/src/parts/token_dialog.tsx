// Asks for the operator's token: what for, where it lies, and what became of the last one.
import { useEffect, useRef } from 'preact/hooks';
import { useTokenQuestion } from '../api/operator';

export const TokenDialog = () => {
  const question = useTokenQuestion();
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!question) return void dialog.current?.close();
    if (!dialog.current?.open) dialog.current?.showModal();
    if (field.current) field.current.value = '';
    field.current?.focus();
  }, [question]);

  const submit = (event: Event) => {
    event.preventDefault();
    question?.answer(field.current?.value.trim() || null);
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="token-title"
      onCancel={(event) => {
        event.preventDefault();
        question?.answer(null);
      }}
    >
      {question && (
        <form onSubmit={submit}>
          <h2 id="token-title">Operator token</h2>
          {question.refused && (
            <p class="note note-bad" role="alert">
              The server refused this token.
            </p>
          )}
          <p>
            It is needed {question.purpose}. It lies in <code>operator.token</code> in the marketplace's data folder;{' '}
            <code>./ldt up</code> prints its path.
          </p>
          <label>
            Token
            <input ref={field} type="password" autocomplete="off" spellcheck={false} required name="operator-token" />
          </label>
          <p class="hint">Kept in this tab until it is closed.</p>
          <div class="actions end">
            <button type="button" onClick={() => question.answer(null)}>
              Cancel
            </button>
            <button type="submit" class="primary">
              Use it
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
};
