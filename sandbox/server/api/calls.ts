/** Every Web API call the app made, for whoever wants to check how it behaves. */
import type { Clock } from '../clock.ts';
import { type Json, without } from '../model.ts';

export interface Call {
  readonly at: string;
  readonly method: string;
  readonly arguments: Json;
  readonly answer: Json;
  readonly ms: number;
}

export interface CallLog {
  readonly all: Call[];
  /** Starts the record of a call; the answer completes it. */
  begin(method: string, args: Json): (answer: Json) => void;
}

const KEPT = 10_000;

export function createCallLog(clock: Clock, called: (call: Call) => void): CallLog {
  const all: Call[] = [];
  return {
    all,
    begin(method, args) {
      const at = new Date(clock.now()).toISOString();
      const started = performance.now();
      return (answer) => {
        const ms = Math.round(performance.now() - started);
        const call = { at, method, arguments: without(args, 'token'), answer, ms };
        all.push(call);
        if (all.length > KEPT) all.shift();
        called(call);
      };
    },
  };
}
