/** Waits for what other processes and connections bring about, without guessing how long it takes. */

type Nothing = false | 0 | '' | null | undefined;

/** Polls until `read` gives something truthy and returns that; a throw counts as "not yet". */
export async function eventually<T>(
  read: () => T | Promise<T>,
  { within = 10_000, every = 20 } = {},
): Promise<Exclude<T, Nothing>> {
  const deadline = performance.now() + within;
  let last: unknown = 'nothing';
  for (;;) {
    try {
      const value = await read();
      if (value) return value as Exclude<T, Nothing>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`Not within ${within} ms; last: ${String(last)}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
