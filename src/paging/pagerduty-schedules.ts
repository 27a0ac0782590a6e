/** Who is on call by a schedule of PagerDuty, read when somebody is paged. */
import { z } from 'zod';
import { FirebreakError } from '../errors.ts';
import { outbound } from '../outbound.ts';
import { jsonIn } from './json.ts';
import type { PagingConfig } from './paging-config.ts';

/** A person as PagerDuty knows them; Slack knows them by the same email. */
export interface ScheduledPerson {
  readonly name: string;
  readonly email: string;
}

/** Throws PAGERDUTY_TOKEN_MISSING, PAGERDUTY_REFUSED, PAGERDUTY_UNAVAILABLE or PAGERDUTY_UNREADABLE. */
export type WhoIsOnCall = (schedule: string) => Promise<readonly ScheduledPerson[]>;

const TIMEOUT_MS = 5000;

export const createWhoIsOnCall =
  ({ pagerDutyToken: token, apiUrls }: PagingConfig, timeoutMs = TIMEOUT_MS): WhoIsOnCall =>
  async (schedule) => {
    if (token === undefined) throw new FirebreakError('PAGERDUTY_TOKEN_MISSING', { schedule });
    const { status, body } = await ask(schedule, token, apiUrls.rest, timeoutMs);
    if (status !== 200) throw refusal(schedule, status, reasonIn(body).replaceAll(token, '[secret]'));
    const found = OnCalls.safeParse(body);
    if (!found.success) throw new FirebreakError('PAGERDUTY_UNREADABLE', { schedule });
    // One entry for each escalation policy that the schedule is a part of.
    return [...new Map(found.data.oncalls.map(({ user }) => [user.email, user])).values()];
  };

const OnCalls = z.object({
  oncalls: z.array(z.object({ user: z.object({ name: z.string(), email: z.string() }) })),
});
const Refusal = z.object({ error: z.object({ message: z.string() }) });

interface Answer {
  readonly status: number;
  /** Undefined: no JSON. */
  readonly body: unknown;
}

async function ask(schedule: string, token: string, restUrl: string, timeoutMs: number): Promise<Answer> {
  try {
    const answer = await outbound(onCallsUrl(schedule, restUrl), {
      headers: { authorization: `Token token=${token}`, accept: 'application/vnd.pagerduty+json;version=2' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: answer.status, body: jsonIn(await answer.text()) };
  } catch (error) {
    const late = (error as { readonly name?: string }).name === 'TimeoutError';
    const found = late ? `no answer within ${timeoutMs / 1000} s` : 'the connection failed';
    throw new FirebreakError('PAGERDUTY_UNAVAILABLE', { schedule, found }, error);
  }
}

/** Without `since` and `until` it is about now. */
function onCallsUrl(schedule: string, restUrl: string): URL {
  const url = new URL('/oncalls', restUrl);
  url.searchParams.append('schedule_ids[]', schedule);
  url.searchParams.append('include[]', 'users');
  url.searchParams.append('earliest', 'true');
  url.searchParams.append('limit', '100');
  return url;
}

function refusal(schedule: string, status: number, reason: string): FirebreakError {
  const passing = status === 429 || status >= 500;
  const found = reason === '' ? `it answered ${status}` : `it answered ${status}, ${reason}`;
  return new FirebreakError(passing ? 'PAGERDUTY_UNAVAILABLE' : 'PAGERDUTY_REFUSED', { schedule, found });
}

function reasonIn(body: unknown): string {
  const found = Refusal.safeParse(body);
  return found.success ? found.data.error.message.slice(0, 300) : '';
}
