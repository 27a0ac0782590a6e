/** What becomes of a command, click or form that the store does not take: kept on disk for later, or refused. */
import type { Logger } from '../log.ts';
import { neverReached } from '../store/away.ts';
import type { Delivered } from '../store/inbox.ts';
import type { Spool } from '../store/spool.ts';
import type { Told } from './answer.ts';
import type { Asked } from './danger.ts';
import { blankFields } from './form-values.ts';

export interface Unrecorded {
  /** Without one nothing is kept. */
  readonly spool: Pick<Spool, 'keep' | 'place'> | undefined;
  /** Whether it may be done later than it was asked for. */
  readonly canWait: (asked: Asked) => boolean;
  readonly log: Logger;
}

const KEPT =
  ':floppy_disk: The store does not answer. This is kept on disk, and will be done by itself when it does: do not repeat it.';
const REFUSED =
  ':no_entry: The store does not answer. This was *refused*, since it must not happen later unasked: say it again when the store is back.';
const REFUSED_LATE =
  ':no_entry: The store did not answer in time. This is *refused*, and will not be done unless it has begun already: look, then say it again when the store is back.';
const NOT_RECORDED =
  ':no_entry: This was *not recorded*: the store does not answer, and no more can be kept on disk. Nothing was done, say it again later.';
const PERHAPS_RECORDED =
  ':warning: This may not have been recorded: the store did not answer in time. Look whether it was done, then say it again.';

/** Settles once it is safe on disk, when it says so. */
export async function withoutStore(delivery: Delivered, error: unknown, parts: Unrecorded): Promise<Told> {
  const perhaps = mayBeWritten(error);
  if (!parts.canWait(delivery)) {
    if (!perhaps) return { text: REFUSED };
    // The row may be there, and would be done.
    const ended = await kept(delivery, true, parts);
    return { text: ended ? REFUSED_LATE : PERHAPS_RECORDED };
  }
  // What Slack wants to hear now, cannot be said later.
  const errors = delivery.kind === 'form' && !perhaps ? blankFields(delivery.payload) : undefined;
  if (errors) return { text: '', errors };
  if (await kept(delivery, false, parts)) return { text: KEPT, over: true };
  return { text: perhaps ? PERHAPS_RECORDED : NOT_RECORDED };
}

async function kept(delivery: Delivered, refused: boolean, { spool, log }: Unrecorded): Promise<boolean> {
  const { key, kind } = delivery;
  try {
    const how = await spool?.keep({ ...delivery, refused });
    if (how === 'kept')
      log.warn({ key, kind, refused }, 'a delivery is kept on disk until the store is back');
    if (how === 'full') log.error({ key, kind }, 'a delivery is lost: no more is kept on disk');
    return how === 'kept';
  } catch (error) {
    log.error({ err: error, key, kind }, 'a delivery is lost: it could not be kept on disk');
    return false;
  }
}

/**
 * An INSERT whose client heard nothing may have been written, or is when the server wakes up. `severity` is of what the
 * server itself answers.
 */
const mayBeWritten = (error: unknown): boolean =>
  (error as { readonly severity?: unknown } | undefined)?.severity === undefined && !neverReached(error);
