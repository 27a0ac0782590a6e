/** A webhook of GitHub at `POST /events/changes`: told by its headers, proved by its signature. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ReportedChange } from '../domain/change.ts';
import type { Answer } from './answers.ts';
import { wrongShape } from './bodies.ts';
import { taken } from './changes.ts';
import type { Entrance, Incoming } from './entrance.ts';
import { changeOf } from './github-events.ts';
import { hmacSignature } from './hmac.ts';

export interface GitHubOptions {
  /** By name; those with a `repo` are told of. */
  readonly services: Readonly<Record<string, { readonly repo?: string }>>;
  readonly changed: (changes: readonly ReportedChange[]) => Promise<number>;
}

export const isFromGitHub = (headers: IncomingHttpHeaders): boolean =>
  headers['x-github-event'] !== undefined;

/** Events that are no change, and repositories of no service, are answered with 200: GitHub would call them failed. */
export const githubEntrance = (options: GitHubOptions): Entrance => ({
  name: 'github',
  signature: hmacSignature({ header: 'x-hub-signature-256', prefix: 'sha256=' }),
  expects: EXPECTS,
  take: (json, incoming) => receive(json, incoming, options),
});

const EXPECTS =
  'Send events of GitHub as JSON: choose the content type application/json in the settings of the webhook.';

async function receive(json: unknown, incoming: Incoming, options: GitHubOptions): Promise<Answer> {
  const read = changeOf(json, incoming);
  if (read.kind === 'wrong') return wrongShape(read.error, EXPECTS);
  if (read.kind === 'ignored') return ignored(read.reason);
  const services = Object.entries(options.services).flatMap(([name, { repo }]) =>
    repo?.toLowerCase() === read.repo.toLowerCase() ? [name] : [],
  );
  if (services.length === 0) return ignored(`no service of firebreak.yml has the repo ${read.repo}`);
  const [service] = services;
  const change: ReportedChange =
    services.length === 1 && service !== undefined
      ? { ...read.change, service }
      : { ...read.change, services, title: `${read.repo} ${read.change.title}` };
  return taken([change], await options.changed([change]));
}

const ignored = (reason: string): Answer => ({ status: 200, body: { ok: true, ignored: reason } });
