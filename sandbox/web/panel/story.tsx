/** The shop of the story: how it is, and the buttons that cause the outage and undo it. */
import { type ReactNode, useState } from 'react';
import { usePage } from '../context.tsx';
import type { Story } from '../model.ts';
import { post } from '../slack.ts';

const STATES = {
  up: 'Customers see their orders',
  failing: 'Some pages fail',
  down: 'Every page fails',
} as const;

export function StoryCard({ story }: { readonly story: Story }): ReactNode {
  const { act, say } = usePage();
  const [doing, setDoing] = useState<string>();
  const { shop, steps } = story;
  const run = async (id: string): Promise<void> => {
    setDoing(id);
    const done = await act(post<{ readonly said: string }>('story', { step: id }));
    if (done) say(done.said);
    setDoing(undefined);
  };
  const failing = Object.entries(shop.failing).map(([state, times]) => `${times} × ${state}`);
  return (
    <section className="story" aria-label="The shop">
      <p className={`shop ${shop.state}`}>
        <span className={`dot ${shop.state === 'up' ? 'good' : 'bad'}`} aria-hidden="true" />
        <strong>{STATES[shop.state]}</strong>
      </p>
      <dl>
        <div>
          <dt>pages answered</dt>
          <dd>{shop.ok.toLocaleString()}</dd>
        </div>
        <div>
          <dt>pages failed</dt>
          <dd className={shop.failed > 0 ? 'bad' : ''}>{shop.failed.toLocaleString()}</dd>
        </div>
        <div>
          <dt>orders written</dt>
          <dd>{shop.writes.toLocaleString()}</dd>
        </div>
        <div>
          <dt>status pending</dt>
          <dd>{shop.backlog.toLocaleString()}</dd>
        </div>
      </dl>
      {shop.state !== 'up' && failing.length > 0 && (
        <p className="muted small">Failed so far, by SQLSTATE: {failing.join(', ')}</p>
      )}
      <div className="steps">
        {steps.map(({ id, label, hint, can, style = '' }) => (
          <div key={id} className="step">
            <button
              type="button"
              className={`button ${style}`}
              data-step={id}
              disabled={!can || doing !== undefined}
              aria-busy={doing === id}
              onClick={() => void run(id)}
            >
              {label}
            </button>
            <span className="muted small">{hint}</span>
          </div>
        ))}
      </div>
    </section>
  );
}
