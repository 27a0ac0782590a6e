/** `firebreak doctor`: looks at everything that the bot needs, and says of each thing how it is and what to do. It changes nothing. */
import type { Settings } from '../domain/settings.ts';
import { withoutSecrets } from '../log.ts';
import type { MonitorSettings } from '../monitors/contract.ts';
import { createWhoIsOnCall } from '../paging/pagerduty-schedules.ts';
import type { PagingConfig } from '../paging/paging-config.ts';
import { consult } from '../slack/consultation.ts';
import { createDirectory } from '../slack/directory.ts';
import type { SlackLink } from '../slack/link.ts';
import { examineChannels } from './channels.ts';
import { examineFiles } from './files.ts';
import { examined, type Finding } from './finding.ts';
import { examineFolder, examineHttp, type HttpParts } from './machine.ts';
import { examineOwnStore, type OwnStoreFound } from './own-store.ts';
import { examinePeople } from './people.ts';
import { examineSlackApp } from './slack-app.ts';
import { examineSlackEvents } from './slack-events.ts';
import { examineTargets } from './targets.ts';

export interface Patient {
  /** How the configuration is called in what is said of it. */
  readonly file: string;
  /** What is wrong with the configuration. */
  readonly problems: readonly string[];
  /** What firebreak.yml says; undefined when its form is wrong, and nothing that it names can be examined. */
  readonly configured?: Configured;
  readonly slack: {
    readonly botToken: string;
    readonly link: SlackLink;
    readonly apiUrl?: string | undefined;
    readonly configToken?: string | undefined;
  };
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
}

export interface Configured {
  readonly settings: Settings;
  readonly monitors: readonly MonitorSettings[];
  readonly paging: PagingConfig;
  readonly http: HttpParts;
  /** Folders of them. */
  readonly runbooks: readonly string[];
}

export interface DoctorOptions {
  /**
   * Inside of the bot that has just started: what it has done itself, or looks at itself, is left out (its connection to
   * Slack, its port, its targets).
   */
  readonly inside?: boolean;
  readonly now?: () => Date;
}

/** Examines everything, whatever else is wrong; never throws. Secrets are in no finding. */
export async function examine(patient: Patient, options: DoctorOptions = {}): Promise<readonly Finding[]> {
  const { inside = false, now = () => new Date() } = options;
  const { configured } = patient;
  const store = await examineOwnStore(patient);
  const groups = await Promise.all([
    inside ? nothing : examineFiles(patient),
    slackFindings(patient, store.look, { inside, now }),
    Promise.resolve(store.findings),
    inside || !configured ? nothing : examineTargets({ ...configured, ...configured.settings, now }),
    examined('data folder', () => examineFolder(patient.dataDir)),
    inside || !configured ? nothing : examined('http', () => examineHttp(configured.http)),
  ]);
  return groups.flat().map(safe);
}

const nothing: Promise<readonly Finding[]> = Promise.resolve([]);

async function slackFindings(
  { slack, configured }: Patient,
  look: OwnStoreFound['look'],
  { inside, now }: Required<DoctorOptions>,
): Promise<readonly Finding[]> {
  const { botToken, link, apiUrl, configToken } = slack;
  const bot = consult(botToken, apiUrl, now);
  const parts = { botToken, link, apiUrl, bot, atWork: look?.atWork, arrivals: look?.arrivals, now };
  const app = await examined('slack bot token', () => examineSlackApp(parts, { inside }));
  // Of a refused token is told once.
  if (!configured || app.find(({ name }) => name === 'slack bot token')?.status !== 'ok') return app;
  const { settings, paging } = configured;
  const directory = createDirectory(bot.client, bot.identity, now);
  const schedules = createWhoIsOnCall(paging);
  // A person's token that has long expired is no reason for a warning at each start.
  const events = {
    configToken: inside ? undefined : configToken,
    link,
    bot,
    apiUrl,
    command: settings.command,
    now,
  };
  const rest = await Promise.all([
    examined('slack events', () => examineSlackEvents({ ...events, arrivals: look?.arrivals })),
    examined('incidents channel', () => examineChannels(bot.client, settings)),
    examined('people', () => examinePeople({ client: bot.client, directory, schedules, settings, now })),
  ]);
  return [...app, ...rest.flat()];
}

/** Whoever's words they are, of a driver or of Slack: what looks like a secret is taken out. */
const safe = ({ found, fix, ...finding }: Finding): Finding => ({
  ...finding,
  found: withoutSecrets(found),
  ...(fix === undefined ? {} : { fix }),
});
