/** What is read of Slack afterwards: a message, a channel, a file, a name. Slack's limits are waited for inside. */
import type { FileFacts } from '../domain/capture.ts';
import type { ReadFile } from '../store/files.ts';
import type { HeardMessage } from './capture.ts';

export interface Place {
  readonly incident: number;
  readonly channel: string;
}

/** A message as a look at Slack shows it. */
export interface SeenMessage {
  readonly ts: string;
  /** Absent: the bot's own, one of Slack's lines, or deleted. */
  readonly heard?: HeardMessage;
  readonly deleted: boolean;
  /** Of its thread. */
  readonly latestReply?: string;
  /** Absent: this look does not show them. `all`: Slack names everybody. */
  readonly reactions?: readonly {
    readonly name: string;
    readonly users: readonly string[];
    readonly all: boolean;
  }[];
}

export interface Page {
  readonly messages: readonly SeenMessage[];
  readonly next?: string;
}

/** A channel that the bot may not look into any more. */
export class Unreadable extends Error {}

export interface Reader {
  /** Exactly that message, wherever it is; undefined: it is not there. What cannot be read just now is thrown. */
  message(place: Place, ts: string, signal: AbortSignal): Promise<SeenMessage | undefined>;
  /** Newest first. */
  history(place: Place, oldest: string, cursor: string | undefined, signal: AbortSignal): Promise<Page>;
  replies(place: Place, thread: string, cursor: string | undefined, signal: AbortSignal): Promise<Page>;
  pins(
    place: Place,
    signal: AbortSignal,
  ): Promise<readonly { readonly by: string; readonly message: SeenMessage }[]>;
  /** Its digest, and the bytes of an image of at most `maxImageBytes`. */
  file(file: FileFacts, maxImageBytes: number, signal: AbortSignal): Promise<ReadFile>;
  name(user: string): Promise<string | undefined>;
}
