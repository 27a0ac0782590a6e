/** The people of a run: they say things, press buttons, and remember what they were told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { actorsOf, type Button, type SlackState } from '../sandbox/story/actors.ts';
import { controlOf } from '../test/support/control.ts';

/** One thing that somebody asked for, and what the bot said to it while they waited. */
export interface Said {
  readonly kind: string;
  /** Of a line without one, the line. */
  readonly token: string;
  /** Nobody but an approver asks for two things, so that all they are told is about this one. */
  readonly user: string;
  readonly incident: number;
  /** Slack got its ack; without one the person is shown an error. */
  readonly acked: boolean;
  readonly told: string;
}

export type Asked = Omit<Said, 'acked' | 'told'>;

export interface People {
  readonly said: readonly Said[];
  /** Types a line after the slash command. */
  say(what: Asked, channel: string, line: string): Promise<Said>;
  /** Did what the bot hears of, and answers nothing to. */
  did(what: Asked): void;
  /** Undefined when the button is not there any more. */
  press(what: Asked, button: Button): Promise<Said | undefined>;
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  state(): Promise<SlackState>;
  /** The channel whose name says so, if the card of the incident is in it. */
  homeNow(name: RegExp): Promise<string | undefined>;
  /** The same, once the card of the incident is in it; undefined when that takes too long. */
  home(name: RegExp, ms: number): Promise<string | undefined>;
  /** Looks again until there is one; undefined when there is none in time. */
  until<T>(find: () => Promise<T | undefined>, ms: number): Promise<T | undefined>;
}

/** Somebody new to Slack. */
export const newcomer = (
  name: string,
  { control }: Pick<People, 'control'>,
): Promise<{ readonly id: string; readonly name: string }> => control('POST', 'users', { name });

interface Answered {
  readonly ack_ms: number | null;
  readonly responses: readonly { readonly kind: string; readonly text?: string }[];
}

const LOOK_MS = 60;

export function peopleOf(url: string, tell: (what: string) => void): People {
  const said: Said[] = [];
  const control = controlOf(url);
  const remember = (what: Asked, { ack_ms: ack, responses }: Answered): Said => {
    const told = responses.flatMap(({ kind, text }) => (kind !== 'message' && text ? [text] : [])).join('\n');
    const one = { ...what, acked: ack !== null, told };
    said.push(one);
    tell(`${one.kind} ${one.token}: ${one.acked ? 'acked' : 'no ack'}, ${JSON.stringify(told)}`);
    return one;
  };
  const until: People['until'] = async (find, ms) => {
    for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
      const found = await find().catch(() => undefined);
      if (found !== undefined) return found;
      await sleep(LOOK_MS);
    }
    return undefined;
  };
  const state = (): Promise<SlackState> => actorsOf(url).state();
  const homeNow: People['homeNow'] = async (wanted) => {
    const { channels } = await state();
    return channels.find(
      ({ name, messages }) => wanted.test(name) && messages.some(({ text }) => /^Incident \d/.test(text)),
    )?.name;
  };
  return {
    said,
    control,
    until,
    state,
    homeNow,
    home: (wanted, ms) => until(() => homeNow(wanted), ms),
    say: async (what, channel, line) =>
      remember(
        what,
        await control<Answered>('POST', 'commands', {
          user: what.user,
          channel,
          text: `/incident ${line}`,
          wait_ms: 8000,
        }),
      ),
    did: (what) => void said.push({ ...what, acked: true, told: '' }),
    async press(what, { channel, ts, actionId, value }) {
      const click = { user: what.user, channel, ts, action_id: actionId, value, wait_ms: 8000 };
      const answered = await control<Answered>('POST', 'actions', click).catch((error: unknown) => {
        if (error instanceof Error && error.message.includes('no_such_action')) return undefined;
        throw error;
      });
      return answered && remember(what, answered);
    },
  };
}
