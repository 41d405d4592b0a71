// Log records of all services, oldest first, to be narrowed down by service.
import { useState } from 'preact/hooks';
import type { LogRecord } from '../api/types';
import { clock, utc } from '../lib/format';

const severity_tone = (severity: string) =>
  severity.startsWith('ERROR') || severity.startsWith('FATAL') ? 'bad' : severity.startsWith('WARN') ? 'warn' : 'plain';

/** The attributes that the body does not say already. */
function facts_of(record: LogRecord): string {
  const said = new Set(['order_id', 'step', 'outcome', 'trace_id', 'span_id']);
  return Object.entries(record.attributes ?? {})
    .filter(([name, value]) => !said.has(name) && value !== '' && value !== null && value !== false)
    .map(([name, value]) => `${name}=${value}`)
    .join('  ');
}

export const LogList = ({ logs }: { logs: LogRecord[] }) => {
  const [service, set_service] = useState('');
  const services = [...new Set(logs.map((record) => record.service))].sort();
  const shown = logs.filter((record) => !service || record.service === service);
  if (logs.length === 0)
    return (
      <p class="muted pad">
        No log records of this order (yet). Of orders that complete under load, only some are sampled.
      </p>
    );
  return (
    <>
      <fieldset class="choices">
        <legend class="visually-hidden">Service</legend>
        {['', ...services].map((name) => (
          <button
            type="button"
            key={name}
            class="small"
            aria-pressed={service === name}
            onClick={() => set_service(name)}
          >
            {name || 'all'}
          </button>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to */}
      <ol class="logs" tabIndex={0} aria-label="Log records">
        {shown.map((record) => (
          <li key={`${record.time} ${record.service} ${record.span_id} ${record.body}`}>
            <time dateTime={record.time} title={utc(record.time)}>
              {clock(record.time)}
            </time>
            <span class={`service-name service-${record.service}`}>{record.service}</span>
            <span class="log-body">
              {severity_tone(record.severity) !== 'plain' && (
                <span class={`badge tone-${severity_tone(record.severity)}`}>{record.severity}</span>
              )}{' '}
              {record.body} <span class="muted">{facts_of(record)}</span>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
};
