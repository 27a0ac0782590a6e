/** The App Home: what waits for a person, what they have to do, their incidents, and who is on call. */
import type { HomeView, KnownBlock } from '@slack/types';
import type { Figures } from '../../domain/figures.ts';
import type { ActionItem, Incident } from '../../domain/incident.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Offer } from '../../domain/refusal.ts';
import type { Run } from '../../domain/run.ts';
import { approvalBlocks } from './approval.ts';
import { button, context, header, lines, section } from './blocks.ts';
import { figureBlocks } from './figures.ts';
import { withOffers } from './offers.ts';
import { onCallLines, type ShownLevel } from './on-call.ts';
import { gateBlocks } from './steering.ts';
import { clip, mrkdwn } from './text.ts';
import { labels, mark, severityName, when } from './words.ts';

/** What is shown; the app's own answer fits it. */
export interface HomeContent {
  /** What a click came to, and what could be said next. */
  readonly answer?: { readonly text: string; readonly offers?: readonly Offer[] };
  readonly mine: readonly Incident[];
  readonly others: readonly Incident[];
  readonly approvals: readonly Run[];
  readonly approvalsUnread?: true;
  readonly actionItems: readonly {
    readonly incident: number;
    readonly item: ActionItem;
    readonly overdue: boolean;
  }[];
  readonly onCall: Readonly<Record<string, readonly ShownLevel[]>>;
  /** Of the last 90 days. */
  readonly figures?: Figures;
}

/** Slack's limit for a home. */
const BLOCKS = 100;
const APPROVALS = 3;
const ITEMS = 15;
const LISTED = 15;
const TEXT = 300;

export function home(content: HomeContent, policy: Policy, command: string, now: Date): HomeView {
  const blocks: KnownBlock[] = [
    ...answered(content),
    ...approvals(content.approvals),
    ...(content.approvalsUnread
      ? [context(':warning: Slack did not say whether you may approve; approvals may be missing here.')]
      : []),
    ...incidents(
      'My open incidents',
      content.mine,
      policy,
      `None. \`${command} declare <what is wrong>\` opens one.`,
    ),
    ...items(content),
    ...(content.others.length > 0 ? incidents('Other open incidents', content.others, policy, '') : []),
    ...onCall(content),
    ...(content.figures ? figureBlocks(content.figures) : []),
    context(`As of ${when(now)}. It is drawn anew each time you open it.`),
  ];
  return { type: 'home', blocks: blocks.slice(0, BLOCKS) };
}

function answered({ answer }: HomeContent): readonly KnownBlock[] {
  return answer === undefined ? [] : (withOffers(mrkdwn(answer.text), answer.offers ?? []).blocks ?? []);
}

/** The whole plan, since nobody should say yes to a title. */
function approvals(runs: readonly Run[]): readonly KnownBlock[] {
  if (runs.length === 0) return [];
  const more = runs.length - APPROVALS;
  return [
    header('Waiting for your approval'),
    ...runs
      .slice(0, APPROVALS)
      .flatMap((run) => [
        context(`inc-${run.incidentId}, run ${run.id}: ${mrkdwn(run.title)}`),
        ...[...run.steps.flatMap((step) => approvalBlocks(run, step)), ...gateBlocks(run)].map(uniqueIn(run)),
      ]),
    ...(more > 0 ? [context(`and ${more} more, in their channels`)] : []),
  ];
}

/** Several plans stand in one view, and Slack wants each block to be told apart. */
const uniqueIn =
  ({ id }: Run) =>
  (block: KnownBlock, index: number): KnownBlock => ({ ...block, block_id: `run-${id}-${index}` });

function incidents(
  title: string,
  all: readonly Incident[],
  policy: Policy,
  none: string,
): readonly KnownBlock[] {
  const more = all.length - LISTED;
  return [
    header(title),
    ...(all.length === 0
      ? [context(none)]
      : lines(all.slice(0, LISTED).map((each) => incidentLine(each, policy)))),
    ...(more > 0 ? [context(`and ${more} more`)] : []),
  ];
}

function incidentLine(incident: Incident, policy: Policy): string {
  const { id, title, status, channelId } = incident;
  const label = labels(incident);
  const where = channelId === undefined ? '' : ` <#${channelId}>`;
  return `${mark(incident, policy)} ${label === '' ? '' : `*${label}* `}inc-${id} ${severityName(incident)}, *${status}*: ${clip(mrkdwn(title), TEXT)}${where}`;
}

function items({ actionItems }: HomeContent): readonly KnownBlock[] {
  const more = actionItems.length - ITEMS;
  return [
    header('My action items'),
    ...(actionItems.length === 0 ? [context('Nothing to do.')] : []),
    ...actionItems.slice(0, ITEMS).map(({ incident, item, overdue }) =>
      section(
        `${overdue ? ':red_circle: *overdue* ' : ''}inc-${incident}: ${clip(mrkdwn(item.text), TEXT)} (${item.due ? `due ${item.due}` : 'no deadline'})`,
        button({
          text: 'Done',
          actionId: 'say:done',
          value: { line: `action inc-${incident} done ${item.number}` },
        }),
      ),
    ),
    ...(more > 0 ? [context(`and ${more} more`)] : []),
  ];
}

function onCall({ onCall: teams }: HomeContent): readonly KnownBlock[] {
  const all = Object.entries(teams);
  return [
    header('On call now'),
    ...(all.length === 0
      ? [context('No teams are named in firebreak.yml.')]
      : lines(all.flatMap(([name, levels]) => onCallLines(name, levels)))),
  ];
}
