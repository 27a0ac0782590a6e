/** Action items as issues of a GitHub repository, through its REST API. */
import { z } from 'zod';
import { connectionCode, lostBy, retryAfter } from '../http-answers.ts';
import { outbound } from '../outbound.ts';
import type { Asked, Failure, Issue, Tracker } from './tracker.ts';
import type { TrackerConfig } from './tracker-config.ts';

export interface GitHubLimits {
  readonly now: () => Date;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const PAGE = 100;
/** Enough for what a busy repository gets while we were away; beyond it nothing was found. */
const PAGES = 20;
/** GitHub's clock and ours need not agree. */
const SKEW_MS = 10 * 60 * 1000;

export function createGitHub(config: TrackerConfig, { now, timeoutMs = TIMEOUT_MS }: GitHubLimits): Tracker {
  const ask = <T>(request: Request<T>, signal: AbortSignal): Promise<Asked<T>> =>
    send(request, { config, now, timeoutMs, signal });
  return {
    // What broke off at the timeout may take as long again on the other side.
    deadlineMs: 2 * timeoutMs,
    async create({ title, body, marker }, signal) {
      const issue = { title, body: `${body}\n\n${hidden(marker)}`, labels: config.labels };
      const made = await ask({ method: 'POST', path: '/issues', body: issue, shape: IssueShape }, signal);
      return made.ok ? { ok: true, value: toIssue(made.value) } : made;
    },
    async find(marker, since, signal) {
      const oldest = since.getTime() - SKEW_MS;
      // Listed, not searched: GitHub's search knows an issue only after a while.
      for (let page = 1; page <= PAGES; page += 1) {
        const path = `/issues?state=all&sort=created&direction=desc&per_page=${PAGE}&page=${page}`;
        const listed = await ask({ method: 'GET', path, shape: z.array(IssueShape) }, signal);
        if (!listed.ok) return listed;
        const found = listed.value.find(({ body }) => body?.includes(hidden(marker)));
        if (found) return { ok: true, value: toIssue(found) };
        const last = listed.value.at(-1);
        if (listed.value.length < PAGE || !last || Date.parse(last.created_at) < oldest) break;
      }
      return { ok: true, value: undefined };
    },
    async setState({ number }, state, signal) {
      const body = { state, state_reason: state === 'closed' ? 'completed' : 'reopened' };
      const done = await ask({ method: 'PATCH', path: `/issues/${number}`, body, shape: IssueShape }, signal);
      return done.ok ? { ok: true, value: undefined } : done;
    },
  };
}

const hidden = (marker: string): string => `<!-- firebreak:${marker} -->`;

const IssueShape = z.object({
  number: z.number().int(),
  html_url: z.url({ protocol: /^https?$/ }),
  created_at: z.string(),
  body: z.string().nullish(),
});

const toIssue = ({ number, html_url: url }: z.infer<typeof IssueShape>): Issue => ({ number, url });

interface Request<T> {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Within the repository. */
  readonly path: string;
  readonly body?: object;
  readonly shape: z.ZodType<T>;
}

interface Sending {
  readonly config: TrackerConfig;
  readonly now: () => Date;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function send<T>({ method, path, body, shape }: Request<T>, on: Sending): Promise<Asked<T>> {
  const { config, timeoutMs, signal } = on;
  try {
    const answer = await outbound(`${config.apiUrl}/repos/${config.repo}${path}`, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${config.token}`,
        'user-agent': 'firebreak',
        'x-github-api-version': '2022-11-28',
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      // The token is for this address alone.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const json = jsonIn(await answer.text());
    if (!answer.ok) return failed(failureOf(answer, json, method, on), answer.status >= 500);
    const read = shape.safeParse(json);
    if (read.success) return { ok: true, value: read.data };
    return failed(
      { kind: 'retry', error: `GitHub answered ${answer.status} with what is not an issue` },
      true,
    );
  } catch (error) {
    return failed({ kind: 'retry', error: `GitHub: ${lostBy(error, on)}` }, wasSent(error));
  }
}

const failed = (failure: Failure, unsure: boolean): Asked<never> => ({ ok: false, failure, unsure });

function failureOf(answer: Response, json: unknown, method: string, { config, now }: Sending): Failure {
  const { status, headers } = answer;
  const said = Refusal.safeParse(json);
  const reason = said.success
    ? `: ${said.data.message.replaceAll(config.token, '[secret]').slice(0, 200)}`
    : '';
  const error = `GitHub answered ${status}${reason}`;
  const seconds = secondsToWait(status, headers, now());
  if (seconds !== undefined) return { kind: 'wait', seconds };
  if (status >= 500 || status === 408) return { kind: 'retry', error };
  // Of an issue that is gone there is nothing to mend.
  const gone = method === 'PATCH' && (status === 404 || status === 410);
  const fix = gone ? undefined : fixOf(status, config.repo);
  return fix === undefined
    ? { kind: 'refused', reason: error }
    : { kind: 'retry', error: `${error}; ${fix}`, fix };
}

const Refusal = z.object({ message: z.string() });

/** What a person can mend waits for that; undefined: nobody can. */
function fixOf(status: number, repo: string): string | undefined {
  if (status === 401) return 'the token is not valid (any more): put a new one into the environment';
  if (status === 403 || status === 404)
    return `the token has to be allowed to write issues of ${repo}, and \`tracker.github.repo\` has to name it`;
  if (status === 410) return `turn issues on for ${repo}`;
  if (status >= 300 && status < 400) return `${repo} has moved: mend \`tracker.github.repo\``;
  return undefined;
}

const DEFAULT_WAIT_S = 60;
const MAX_WAIT_S = 3600;

/** 429, and the 403 by which GitHub also says that it was too much; undefined for all else. */
function secondsToWait(status: number, headers: Headers, now: Date): number | undefined {
  const after = headers.get('retry-after');
  const spent = headers.get('x-ratelimit-remaining') === '0';
  if (status !== 429 && !(status === 403 && (after !== null || spent)))
    return status === 503 && after !== null ? bounded(Number(after)) : undefined;
  if (after !== null) return bounded(retryAfter(after, now) ?? Number.NaN);
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN);
  return bounded(spent ? reset - now.getTime() / 1000 : Number.NaN);
}

const bounded = (seconds: number): number =>
  Number.isNaN(seconds) ? DEFAULT_WAIT_S : Math.min(Math.max(Math.ceil(seconds), 1), MAX_WAIT_S);

/** False when the request surely never left this machine. */
const wasSent = (error: unknown): boolean =>
  !['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'].includes(
    connectionCode(error) ?? '',
  );

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
