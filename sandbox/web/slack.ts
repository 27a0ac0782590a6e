/** Talks to the local Slack's control surface. */

/** What an act led to, as the control surface answers it. */
export interface Seen {
  readonly ack_ms: number | null;
  readonly responses: readonly {
    readonly kind: string;
    readonly text?: string;
    readonly errors?: Readonly<Record<string, string>>;
  }[];
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path);
export const post = <T = unknown>(path: string, body: unknown = {}): Promise<T> => ask<T>('POST', path, body);
export const patch = (path: string, body: unknown): Promise<unknown> => ask('PATCH', path, body);
export const remove = (path: string, body: unknown): Promise<unknown> => ask('DELETE', path, body);

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`/sandbox/${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(reasonOf(answer) ?? `The local Slack answered HTTP ${response.status}`);
  return answer as T;
}

function reasonOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  if ('detail' in answer && typeof answer.detail === 'string') return answer.detail;
  if ('error' in answer && typeof answer.error === 'string') return answer.error;
  return undefined;
}
