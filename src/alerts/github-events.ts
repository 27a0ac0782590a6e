/** Events of GitHub that are changes of what runs, as its documentation has them. */
import { z } from 'zod';
import type { ReportedChange } from '../domain/change.ts';
import { oneLine } from '../domain/title.ts';
import { asLink } from './changes.ts';
import type { Incoming } from './entrance.ts';

export type ReadEvent =
  | { readonly kind: 'change'; readonly repo: string; readonly change: ReportedChange }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'wrong'; readonly error: z.ZodError };

/**
 * Deployments and how they ended, pushes to the default branch, published releases. A merged pull request is such a push;
 * a preview that goes with its pull request serves nobody.
 */
export function changeOf(json: unknown, incoming: Incoming): ReadEvent {
  const event = String(incoming.headers['x-github-event']);
  const read = EVENTS.get(event);
  return read ? read(json, incoming) : ignored(`${event} is no change`);
}

type Told = Omit<ReportedChange, 'source' | 'at'> & { readonly at: Date | undefined };
type Read = { readonly told: Told } | { readonly ignored: string };

const ignored = (reason: string): ReadEvent => ({ kind: 'ignored', reason });

const url = z.url({ protocol: /^https?$/ }).transform(asLink);
const Repository = z.object({ full_name: z.string(), html_url: url, default_branch: z.string() });
type Repository = z.infer<typeof Repository>;
const Person = z.object({ login: z.string() });
const time = z.iso.datetime({ offset: true }).transform((given) => new Date(given));

/** Parses what all have in common, and this one; a clock that goes ahead does not bring the future. */
const reads =
  <Event extends { readonly repository: Repository }>(
    schema: z.ZodType<Event>,
    read: (event: Event) => Read,
  ) =>
  (json: unknown, incoming: Incoming): ReadEvent => {
    const parsed = schema.safeParse(json);
    if (!parsed.success) return { kind: 'wrong', error: parsed.error };
    const found = read(parsed.data);
    if ('ignored' in found) return ignored(found.ignored);
    const { at, title, ...told } = found.told;
    const known = at === undefined || at > incoming.now ? incoming.now : at;
    return {
      kind: 'change',
      repo: parsed.data.repository.full_name,
      change: { ...told, source: 'github', title: oneLine(title).slice(0, 300), at: known },
    };
  };

const Deployment = z.object({
  id: z.number(),
  sha: z.string(),
  ref: z.string(),
  environment: z.string(),
  transient_environment: z.boolean().optional(),
  creator: Person.nullish(),
  created_at: time,
});

const deployment = z.object({ deployment: Deployment, repository: Repository });

const deploymentStatus = deployment.extend({ deployment_status: z.object({ state: z.string() }) });

function deployed({ deployment: it, repository }: z.infer<typeof deployment>): Read {
  if (it.transient_environment) return { ignored: `${it.environment} is a transient environment` };
  const what = it.sha.startsWith(it.ref) ? short(it.sha) : `${it.ref} (${short(it.sha)})`;
  return {
    told: {
      kind: 'deploy',
      externalId: `${repository.full_name} deployment ${it.id}`,
      title: `${what} to ${it.environment}`,
      link: `${repository.html_url}/commit/${encodeURIComponent(it.sha)}`,
      at: it.created_at,
      ...authored(it.creator?.login),
    },
  };
}

function deployEnded(event: z.infer<typeof deploymentStatus>): Read {
  const outcome = OUTCOMES.get(event.deployment_status.state);
  if (outcome === undefined) return { ignored: `state ${event.deployment_status.state} is no end` };
  const read = deployed(event);
  return 'told' in read ? { told: { ...read.told, outcome } } : read;
}

const OUTCOMES: ReadonlyMap<string, NonNullable<ReportedChange['outcome']>> = new Map([
  ['success', 'success'],
  ['failure', 'failure'],
  ['error', 'failure'],
]);

const push = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  deleted: z.boolean().optional(),
  commits: z.array(z.unknown()).default([]),
  head_commit: z.object({ message: z.string() }).nullish(),
  compare: url.optional(),
  pusher: z.object({ name: z.string() }).nullish(),
  repository: Repository.extend({ pushed_at: z.union([z.number(), z.string()]).nullish() }),
});

function pushed(it: z.infer<typeof push>): Read {
  const { full_name: repo, default_branch: branch, pushed_at: at } = it.repository;
  if (it.ref !== `refs/heads/${branch}` || it.deleted) return { ignored: `${it.ref} is not ${branch}` };
  const [subject = ''] = (it.head_commit?.message ?? '').split('\n');
  const many = it.commits.length > 1 ? `, ${it.commits.length} commits` : '';
  return {
    told: {
      kind: 'other',
      // A branch may be pushed back to where it was: that is another push. The id of the delivery is not signed.
      externalId: `${repo} push ${it.before} ${it.after} ${at}`,
      title: `${subject || short(it.after)} (push to ${branch}${many})`,
      // In seconds here, though GitHub has it as a text elsewhere.
      at: typeof at === 'number' ? new Date(at * 1000) : undefined,
      ...(it.compare === undefined ? {} : { link: it.compare }),
      ...authored(it.pusher?.name),
    },
  };
}

const release = z.object({
  action: z.string(),
  release: z.object({
    id: z.number(),
    tag_name: z.string(),
    name: z.string().nullish(),
    html_url: url,
    author: Person.nullish(),
    published_at: time.nullish(),
  }),
  repository: Repository,
});

function released({ action, release: it, repository }: z.infer<typeof release>): Read {
  if (action !== 'published') return { ignored: `a release that is ${action} is no change` };
  const name = it.name && it.name !== it.tag_name ? `, ${it.name}` : '';
  return {
    told: {
      kind: 'other',
      externalId: `${repository.full_name} release ${it.id}`,
      title: `release ${it.tag_name}${name}`,
      link: it.html_url,
      at: it.published_at ?? undefined,
      ...authored(it.author?.login),
    },
  };
}

const short = (sha: string): string => sha.slice(0, 7);

const authored = (login: string | undefined): Pick<ReportedChange, 'author'> =>
  login === undefined ? {} : { author: oneLine(login).slice(0, 100) };

const EVENTS: ReadonlyMap<string, (json: unknown, incoming: Incoming) => ReadEvent> = new Map([
  ['ping', () => ignored('a ping: the webhook works')],
  ['deployment', reads(deployment, deployed)],
  ['deployment_status', reads(deploymentStatus, deployEnded)],
  ['push', reads(push, pushed)],
  ['release', reads(release, released)],
]);
