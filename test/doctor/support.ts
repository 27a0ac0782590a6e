/** A local Slack and a patient that is well, for tests to make ill. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type LocalSlack, startLocalSlack } from '../../sandbox/server/main.ts';
import type { Configured, Patient } from '../../src/doctor/doctor.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import type { Settings } from '../../src/domain/settings.ts';
import type { OnCallSource, Team } from '../../src/domain/team.ts';
import { PACKAGE_ROOT, RUNBOOKS } from '../../src/version.ts';
import { testSettings } from '../support/app.ts';

export interface Ward {
  readonly slack: LocalSlack;
  readonly dataDir: string;
  /** Well in every respect, but for what is given. */
  patient(change?: Change): Patient;
  control(method: string, path: string, body?: object): Promise<unknown>;
  close(): Promise<void>;
}

export interface Change {
  readonly settings?: Partial<Settings>;
  readonly configured?: Partial<Configured>;
  readonly slack?: Partial<Patient['slack']>;
  readonly databaseUrl?: string;
  readonly dataDir?: string;
}

export interface AppManifest {
  readonly oauth_config: { readonly scopes: { bot: string[] } };
  readonly settings: { readonly event_subscriptions: { bot_events: string[] }; socket_mode_enabled: boolean };
  readonly features: { slash_commands: object[] };
}

/** `mend` changes the manifest that the app was made from. */
export async function openWard(mend: (manifest: AppManifest) => void = () => undefined): Promise<Ward> {
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
  const manifestPath = join(dataDir, 'manifest.yml');
  const manifest = parse(await readFile(join(PACKAGE_ROOT, 'manifest.yml'), 'utf8')) as AppManifest;
  mend(manifest);
  await writeFile(manifestPath, stringify(manifest));
  const slack = await startLocalSlack({ manifestPath });
  return {
    slack,
    dataDir,
    patient: (change = {}) => wellPatient(slack, dataDir, change),
    async control(method, path, body) {
      const answer = await fetch(`${slack.url}/sandbox/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
      return answer.json();
    },
    async close() {
      await slack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function wellPatient(slack: LocalSlack, dataDir: string, change: Change): Patient {
  const { dba = '', oncall = '' } = slack.users;
  const permissions = approvedBy([oncall, dba]);
  const settings = testSettings({
    incidentsChannel: slack.channels['incidents'] ?? '',
    permissions,
    teams: { database: teamOf({ kind: 'user', id: dba }) },
    ...change.settings,
  });
  return {
    file: 'firebreak.yml',
    problems: [],
    configured: {
      settings,
      monitors: [],
      paging: { teams: {}, apiUrls: { events: 'http://127.0.0.1:1', rest: 'http://127.0.0.1:1' } },
      http: { listen: { host: '127.0.0.1', port: 0 }, tokens: ['secret'], secrets: {} },
      runbooks: [RUNBOOKS],
      ...change.configured,
    },
    slack: {
      botToken: slack.botToken,
      link: { kind: 'socket', appToken: slack.appToken },
      apiUrl: `${slack.url}/api/`,
      configToken: slack.configToken,
      ...change.slack,
    },
    databaseUrl: change.databaseUrl,
    dataDir: change.dataDir ?? dataDir,
  };
}

export const approvedBy = (approve: readonly string[]): Settings['permissions'] => ({
  declare: undefined,
  respond: undefined,
  dangerous: undefined,
  approve,
  private: undefined,
});

export const teamOf = (source: OnCallSource): Team => ({
  name: 'database',
  levels: [{ onCall: [source], waitSeconds: 300 }],
  rotations: {},
  ways: [],
});

/** The lines of a name; of one that is not there, none. */
export const lines = (findings: readonly Finding[], name: string): readonly Finding[] =>
  findings.filter((each) => each.name === name);

/** What fails, warns or was not examined, as `status name`. */
export const notWell = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ status }) => status !== 'ok').map(({ status, name }) => `${status} ${name}`);
