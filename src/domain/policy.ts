/** What a team decided beforehand: severities, roles and when to remind. The defaults follow PagerDuty's guide. */

/** How bad an incident is; the list is ordered, the worst first. */
export interface SeveritySpec {
  readonly name: string;
  readonly meaning: string;
  /** Seconds within which the next update is due; undefined: never. */
  readonly updateEvery?: number;
  /** Seconds without a change of status after which somebody is asked; undefined: never. */
  readonly staleAfter?: number;
  /** Seconds after `resolved` within which the postmortem is due; undefined: none is asked for. */
  readonly postmortemWithin?: number;
}

export interface RoleSpec {
  readonly name: string;
  readonly title: string;
  /** Sent privately to whoever gets the role. */
  readonly duties: readonly string[];
}

/** What decisions depend on, besides the incident; a part of the settings. */
export interface Policy {
  readonly severities: readonly SeveritySpec[];
  /** `commander` is always among them. */
  readonly roles: readonly RoleSpec[];
  readonly reminders: {
    /** Seconds without a commander after which the channel is asked for one. */
    readonly unclaimedAfter: number;
  };
  /** Numbers to call when a page cannot be sent or is not answered, by Slack user id. */
  readonly phones: Readonly<Record<string, string>>;
  /** Where updates go in words for support; undefined: nowhere. */
  readonly stakeholderChannel?: string;
  /** What is kept of what people say in the channels of incidents. */
  readonly capture: CapturePolicy;
  /** IANA zone in which a time without a zone is read, and the hour of reminders is meant. */
  readonly timezone: string;
  /** What action items are exported to, as people call it; undefined: they are not. */
  readonly tracker?: string;
}

export interface CapturePolicy {
  /** Reactions that put a message on the timeline. */
  readonly emoji: readonly string[];
  /** Larger images are not stored, only their digest. */
  readonly maxImageBytes: number;
  /** How long messages are kept that nobody put on the timeline. */
  readonly messagesDays: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The role that leads; there is one in every configuration. */
export const COMMANDER = 'commander';

/** Update intervals: PagerDuty's deputy has an update sent every 30 minutes in a major incident. */
export const DEFAULT_SEVERITIES: readonly SeveritySpec[] = [
  {
    name: 'sev1',
    meaning: 'critical: most users cannot use the product, or data is at risk',
    updateEvery: 30 * MINUTE,
    staleAfter: 2 * HOUR,
    postmortemWithin: 3 * DAY,
  },
  {
    name: 'sev2',
    meaning: 'critical for many users, or a main function is down',
    updateEvery: 30 * MINUTE,
    staleAfter: 4 * HOUR,
    postmortemWithin: 5 * DAY,
  },
  {
    name: 'sev3',
    meaning: 'minor impact on users, or close to becoming major',
    updateEvery: 2 * HOUR,
    staleAfter: DAY,
  },
  { name: 'sev4', meaning: 'minor, does not need attention at night', staleAfter: 5 * DAY },
  { name: 'sev5', meaning: 'cosmetic' },
];

export const DEFAULT_ROLES: readonly RoleSpec[] = [
  {
    name: COMMANDER,
    title: 'Incident commander',
    duties: [
      'You decide and delegate; you do not repair anything yourself.',
      'Give the roles you need to people by name, and say what you expect of them and by when.',
      'Before a large step ask once whether anybody objects strongly; then your decision stands.',
      'Keep severity and status true, and have an update sent before each is due.',
    ],
  },
  {
    name: 'deputy',
    title: 'Deputy',
    duties: [
      'Stand ready to take over from the incident commander at any moment.',
      'Watch the clock: updates that are due, steps that were promised, people who do not answer.',
      'Page whom the commander asks for, and bring newcomers up to date.',
    ],
  },
  {
    name: 'scribe',
    title: 'Scribe',
    duties: [
      'Write down what is decided, done and seen as it happens; each entry with where it can be checked.',
      'What happened before you came goes in with its own time.',
      'Note what is left to be done as action items.',
    ],
  },
  {
    name: 'customer-liaison',
    title: 'Customer liaison',
    duties: [
      'Write what customers are told; the incident commander agrees before it goes out.',
      'Say what users can and cannot do, never what we suspect.',
      'Bring back what customers report.',
    ],
  },
  {
    name: 'internal-liaison',
    title: 'Internal liaison',
    duties: [
      'Keep the company informed, so that nobody asks in the incident channel.',
      'Find and bring in people whom the incident commander needs.',
    ],
  },
  {
    name: 'expert',
    title: 'Subject matter expert',
    duties: [
      'Report conditions, actions and needs: what is broken, what you propose, what it takes.',
      'Ask the incident commander before you change anything.',
      'Say "I do not know" when you do not know, and how long you need to find out.',
    ],
  },
];

export const DEFAULT_POLICY: Policy = {
  severities: DEFAULT_SEVERITIES,
  roles: DEFAULT_ROLES,
  reminders: { unclaimedAfter: 5 * MINUTE },
  phones: {},
  capture: { emoji: ['pushpin'], maxImageBytes: 5 * 1024 * 1024, messagesDays: 90 },
  timezone: 'UTC',
};

/** What a severity's name stands for; one that was taken out of the configuration keeps its name. */
export const severityOf = ({ severities }: Pick<Policy, 'severities'>, name: string): SeveritySpec =>
  severities.find((each) => each.name === name) ?? { name, meaning: 'not configured any more' };

/** Of an incident that nobody was asked about: the second worst; a person makes it the worst, or none at all. */
export const severityUnasked = ({ severities }: Pick<Policy, 'severities'>): string =>
  severities[1]?.name ?? severities[0]?.name ?? 'sev2';

/** What a role's name stands for; one that was taken out of the configuration keeps its name. */
export const roleOf = ({ roles }: Pick<Policy, 'roles'>, name: string): RoleSpec =>
  roles.find((each) => each.name === name) ?? { name, title: name, duties: [] };
