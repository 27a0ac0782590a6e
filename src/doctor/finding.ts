/** What one examination found: a line of `firebreak doctor`. */

/** `skipped`: it could not be examined, and `found` says why; that is never taken for healthy. */
export type Status = 'ok' | 'warn' | 'fail' | 'skipped';

export interface Finding {
  /** What was looked at, as docs/doctor.md lists it. */
  readonly name: string;
  readonly status: Status;
  readonly found: string;
  /** What to do; of what fails always. */
  readonly fix?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, status: 'ok', found });

export const warn = (name: string, found: string, fix: string): Finding => ({
  name,
  status: 'warn',
  found,
  fix,
});

export const fail = (name: string, found: string, fix: string): Finding => ({
  name,
  status: 'fail',
  found,
  fix,
});

/** With a `fix` where somebody could make it be examined. */
export const skipped = (name: string, found: string, fix?: string): Finding => ({
  name,
  status: 'skipped',
  found,
  ...(fix === undefined ? {} : { fix }),
});

/** One examination that throws costs no other one its line. */
export async function examined(
  name: string,
  look: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    const found = error instanceof Error && error.message !== '' ? error.message : String(error);
    return [fail(name, `It could not be examined: ${found}`, 'Look at what it names, and run this again.')];
  }
}
