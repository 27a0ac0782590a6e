/** Remembers the last call to Slack and what came of it, for `health`. */
import type { WebClientOptions } from '@slack/web-api';
import { outbound } from '../outbound.ts';

export interface Call {
  readonly method: string;
  readonly at: Date;
  readonly ms: number;
  /** `HTTP 200`, or `no answer`. */
  readonly answer: string;
}

type Fetch = NonNullable<WebClientOptions['fetch']>;

export interface Pulse {
  /** To be used by the client. */
  readonly fetch: Fetch;
  readonly last: () => Call | undefined;
}

export function createPulse(now: () => Date): Pulse {
  let last: Call | undefined;
  return {
    last: () => last,
    async fetch(input, init) {
      const at = now();
      const begun = performance.now();
      const method = methodOf(input);
      const note = (answer: string): void => {
        last = { method, at, ms: performance.now() - begun, answer };
      };
      try {
        const answer = await outbound(input, init);
        note(`HTTP ${answer.status}`);
        return answer;
      } catch (error) {
        note('no answer');
        throw error;
      }
    },
  };
}

/** The end of the address: `chat.postMessage`. */
const methodOf = (address: string | URL): string => new URL(address).pathname.split('/').at(-1) ?? '';
