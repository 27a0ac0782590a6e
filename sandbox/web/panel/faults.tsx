/** Trouble on demand: how does the app take it? */
import { type ReactNode, useState } from 'react';
import { usePage } from '../context.tsx';
import { post } from '../slack.ts';

const METHODS = [
  'chat.postMessage',
  'chat.update',
  'conversations.create',
  'conversations.invite',
  'views.open',
  'pins.add',
  'bookmarks.add',
  'files.completeUploadExternal',
] as const;

/** What can be done to the next calls of the Web API. */
const FAULTS = [
  ['Rate-limited for 5 s', { kind: 'ratelimit', retry_after: 5 }],
  ['Slack answers with an error', { kind: 'error', error: 'internal_error' }],
  ['HTTP 500', { kind: 'error' }],
  ['Done, but the answer is lost', { kind: 'drop', effect: 'after' }],
  ['No answer', { kind: 'timeout' }],
  ['2 s slow', { kind: 'latency', ms: 2000 }],
] as const;

const DELIVERIES = [
  ['Send twice', { kind: 'duplicate' }],
  ['Hold for 5 s', { kind: 'delay', ms: 5000 }],
  ['Change the order', { kind: 'reorder', times: 2 }],
  ['Close the connection', { kind: 'disconnect' }],
] as const;

const CLOCK = [
  ['+ 1 minute', 60_000],
  ['+ 10 minutes', 600_000],
  ['+ 1 hour', 3_600_000],
] as const;

export function Faults(): ReactNode {
  const { act, say } = usePage();
  const [method, setMethod] = useState('');
  const [times, setTimes] = useState('1');
  const inject = async (path: string, wish: object, said: string): Promise<void> => {
    if ((await act(post(path, wish))) !== undefined) say(said);
  };
  const count = Math.max(1, Number(times) || 1);
  const calls = `the next ${count === 1 ? 'call' : `${count} calls`}${method === '' ? '' : ` of ${method}`}`;
  return (
    <div className="faults" tabIndex={0} role="region" aria-label="Faults">
      <h3>The app's next calls</h3>
      <div className="fault-form">
        <label>
          Method
          <select className="input" value={method} onChange={({ target }) => setMethod(target.value)}>
            <option value="">any</option>
            {METHODS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          Times
          <input
            className="input"
            type="number"
            min={1}
            max={100}
            value={times}
            onChange={({ target }) => setTimes(target.value)}
          />
        </label>
      </div>
      <div className="fault-buttons">
        {FAULTS.map(([label, fault]) => (
          <button
            key={label}
            type="button"
            className="button"
            onClick={() =>
              void inject(
                'faults',
                { times: count, ...fault, ...(method === '' ? {} : { method }) },
                `${label}: ${calls}.`,
              )
            }
          >
            {label}
          </button>
        ))}
      </div>
      <h3>What Slack delivers next</h3>
      <div className="fault-buttons">
        {DELIVERIES.map(([label, wish]) => (
          <button
            key={label}
            type="button"
            className="button"
            onClick={() => void inject('deliveries', { times: 1, ...wish }, `${label}: done.`)}
          >
            {label}
          </button>
        ))}
      </div>
      <h3>The clock</h3>
      <div className="fault-buttons">
        {CLOCK.map(([label, advance_ms]) => (
          <button
            key={label}
            type="button"
            className="button"
            onClick={() => void inject('clock', { advance_ms }, `${label}.`)}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}
