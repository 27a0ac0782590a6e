/** The people of a run: they say things, press buttons, and remember what they were told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { actorsOf, type Button, type SlackState } from '../sandbox/story/actors.ts';

/** One thing that somebody asked for, and all that the bot said to it. */
export interface Said {
  readonly kind: string;
  readonly token: string;
  readonly incident: number;
  /** Slack got its ack; without one the person is shown an error. */
  readonly acked: boolean;
  readonly told: string;
}

export interface People {
  readonly said: readonly Said[];
  /** Types a line after the slash command. */
  say(what: Omit<Said, 'acked' | 'told'>, user: string, channel: string, line: string): Promise<Said>;
  press(what: Omit<Said, 'acked' | 'told'>, user: string, button: Button): Promise<Said>;
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  state(): Promise<SlackState>;
  /** Looks again until there is one; undefined when there is none in time. */
  until<T>(find: () => Promise<T | undefined>, ms: number): Promise<T | undefined>;
}

interface Answered {
  readonly ack_ms: number | null;
  readonly responses: readonly { readonly kind: string; readonly text?: string }[];
}

const LOOK_MS = 60;

export function peopleOf(url: string): People {
  const said: Said[] = [];
  const control: People['control'] = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${url}/sandbox/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const remember = (what: Omit<Said, 'acked' | 'told'>, { ack_ms: ack, responses }: Answered): Said => {
    const told = responses.flatMap(({ kind, text }) => (kind !== 'message' && text ? [text] : [])).join('\n');
    const one = { ...what, acked: ack !== null, told };
    said.push(one);
    return one;
  };
  return {
    said,
    control,
    say: async (what, user, channel, line) =>
      remember(
        what,
        await control<Answered>('POST', 'commands', {
          user,
          channel,
          text: `/incident ${line}`,
          wait_ms: 8000,
        }),
      ),
    press: async (what, user, { channel, ts, actionId, value }) =>
      remember(
        what,
        await control<Answered>('POST', 'actions', {
          user,
          channel,
          ts,
          action_id: actionId,
          value,
          wait_ms: 8000,
        }),
      ),
    state: () => actorsOf(url).state(),
    async until(find, ms) {
      for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
        const found = await find().catch(() => undefined);
        if (found !== undefined) return found;
        await sleep(LOOK_MS);
      }
      return undefined;
    },
  };
}
