/** Ctrl-C, as a signal that work can watch. */

/** npm passes the terminal's Ctrl-C on a second time; only a person's second one is to hurry. */
const ONE_PRESS_MS = 1000;
/** As shells count a program that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Fires at the first of these signals; a later one ends the process at once, with exit code 130. */
export function interrupted(
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'],
): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  for (const signal of signals) {
    process.on(signal, () => {
      first ??= Date.now();
      if (Date.now() - first > ONE_PRESS_MS) process.exit(INTERRUPTED);
      controller.abort(new Error(`ended by ${signal}`));
    });
  }
  return controller.signal;
}
