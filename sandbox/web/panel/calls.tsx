/** The app's Web API calls, the newest first. */
import { type ReactNode, useState } from 'react';
import type { Call } from '../model.ts';

const SHOWN = 100;

export function Calls({ calls }: { readonly calls: readonly Call[] }): ReactNode {
  const [filter, setFilter] = useState('');
  const found = calls.filter(({ method }) => method.includes(filter.trim()));
  return (
    <>
      <div className="filter">
        <input
          className="input"
          type="search"
          aria-label="Only methods with"
          placeholder="Only methods with …"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
        <span className="muted small">{found.length}</span>
      </div>
      {found.length === 0 && <p className="nothing">No calls yet.</p>}
      <ol className="calls" aria-label="Web API calls" tabIndex={0}>
        {found
          .slice(-SHOWN)
          .reverse()
          .map((call, index) => (
            <OneCall key={`${call.at} ${call.method} ${found.length - index}`} call={call} />
          ))}
      </ol>
    </>
  );
}

function OneCall({ call }: { readonly call: Call }): ReactNode {
  const [open, setOpen] = useState(false);
  const ok = call.answer['ok'] === true;
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span className={`dot ${ok ? 'good' : 'bad'}`} aria-hidden="true" />
          <code>{call.method}</code>
          <span className="call-end">
            {!ok && <span className="bad">{errorOf(call)}</span>}
            <span className="muted">{call.ms} ms</span>
            <time dateTime={call.at}>{call.at.slice(11, 19)}</time>
          </span>
        </summary>
        {open && (
          <>
            <h3>Arguments</h3>
            <pre tabIndex={0} aria-label="Arguments">
              {pretty(call.arguments)}
            </pre>
            <h3>Answer</h3>
            <pre tabIndex={0} aria-label="Answer">
              {pretty(call.answer)}
            </pre>
          </>
        )}
      </details>
    </li>
  );
}

const errorOf = ({ answer }: Call): string =>
  typeof answer['error'] === 'string' ? answer['error'] : 'failed';

/** Blocks travel as JSON inside of JSON. */
const pretty = (value: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(
    Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpacked(one)])),
    undefined,
    2,
  );

function unpacked(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
