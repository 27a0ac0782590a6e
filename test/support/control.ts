/** The control surface of a local Slack. */
export type Control = <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;

/** Throws what it answers when that is no success. */
export const controlOf =
  (url: string): Control =>
  async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${url}/sandbox/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
