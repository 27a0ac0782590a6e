/** What a decision wants done in the world: each effect becomes one durable row, delivered in the order of its lane. */
import type { OutgoingPage } from './outgoing-page.ts';

/** Where a message goes. An incident's channel may not exist yet when the effect is written. */
export type Destination =
  | { readonly kind: 'incident'; readonly id: number }
  | { readonly kind: 'incidents-channel' }
  | { readonly kind: 'stakeholders' }
  | { readonly kind: 'user'; readonly id: string };

/**
 * Messages that are kept current are named by what they show; they are rendered when they are delivered,
 * so that the newest state wins however late that is.
 */
export type LiveSubject =
  | { readonly kind: 'card'; readonly incident: number }
  | { readonly kind: 'announcement'; readonly incident: number }
  | { readonly kind: 'page'; readonly incident: number; readonly page: number }
  | { readonly kind: 'reminder'; readonly incident: number; readonly reminder: number }
  /** A reminder of an action item, by the calendar day on which it was due. */
  | { readonly kind: 'action'; readonly incident: number; readonly item: number; readonly on: string }
  | { readonly kind: 'run'; readonly run: number }
  | { readonly kind: 'proposal'; readonly proposal: number }
  /** The alerts of a group, in the channel of the incident that they belong to. */
  | { readonly kind: 'alerts'; readonly incident: number; readonly proposal: number }
  /** What is beyond the hour's limit of proposals; a message a day. */
  | { readonly kind: 'held-back'; readonly on: string };

export type Effect =
  | { readonly kind: 'create-channel'; readonly incident: number; readonly name: string }
  | { readonly kind: 'invite'; readonly incident: number; readonly users: readonly string[] }
  | { readonly kind: 'topic'; readonly incident: number }
  | { readonly kind: 'pin'; readonly incident: number }
  | { readonly kind: 'bookmarks'; readonly incident: number }
  | { readonly kind: 'rename-channel'; readonly incident: number; readonly name: string }
  | { readonly kind: 'archive'; readonly incident: number }
  | { readonly kind: 'unarchive'; readonly incident: number }
  /** Invites who is in one incident's channel into that of another. */
  | { readonly kind: 'move-followers'; readonly incident: number; readonly from: number }
  | { readonly kind: 'send-page'; readonly page: OutgoingPage }
  /** Brings the tracker's issue of an action item in line with it, as it is when this is delivered. */
  | { readonly kind: 'track'; readonly incident: number; readonly item: number }
  /** Seen by one person in the incident's channel, and sent once at most. */
  | {
      readonly kind: 'whisper';
      readonly incident: number;
      readonly user: string;
      readonly what: 'catchup-offer';
    }
  | { readonly kind: 'live'; readonly to: Destination; readonly subject: LiveSubject }
  | {
      readonly kind: 'say';
      readonly to: Destination;
      readonly text: string;
      /** With the timeline's head hash after it, so that a chain that is rewritten later shows. */
      readonly anchored?: true;
    }
  | {
      /** Changes what was said, found by the effect id of its row: words of it were redacted. */
      readonly kind: 'amend';
      readonly to: Destination;
      readonly said: string;
      /** ISO 8601: when it was written, so not posted before. */
      readonly since: string;
      readonly text: string;
    }
  | {
      readonly kind: 'file';
      readonly to: Destination;
      readonly name: string;
      readonly title: string;
      readonly content: string;
      readonly comment?: string;
      /** In a lane of its own: nothing else waits for it, nor it for anything else. */
      readonly apart?: true;
    }
  /** The canvas of the incident's channel, made or written anew; where Slack has none it is passed over. */
  | {
      readonly kind: 'canvas';
      readonly incident: number;
      readonly title: string;
      readonly markdown: string;
    };

/** The lane of an effect: what shares a lane is delivered strictly in order. */
export function laneOf(effect: Effect): string {
  switch (effect.kind) {
    case 'create-channel':
    case 'invite':
    case 'topic':
    case 'pin':
    case 'bookmarks':
    case 'rename-channel':
    case 'archive':
    case 'unarchive':
    case 'move-followers':
      return `incident:${effect.incident}`;
    // A crowd that joins at once must keep nothing waiting that everybody reads.
    case 'whisper':
      return `whisper:${effect.incident}`;
    // A way that does not answer must keep no other page waiting.
    case 'send-page':
      return `page:${effect.page.incident}:${effect.page.escalation}:${effect.page.via}`;
    // One after the other, over all incidents: GitHub asks for that.
    case 'track':
      return 'tracker';
    case 'canvas':
      return `canvas:${effect.incident}`;
    case 'file':
      return `${effect.apart ? 'file:' : ''}${destinationLane(effect.to)}`;
    case 'live':
    case 'say':
    case 'amend':
      return destinationLane(effect.to);
  }
}

/** The slot under which a live message's place is remembered. */
export function slotOf(subject: LiveSubject): string {
  switch (subject.kind) {
    case 'card':
    case 'announcement':
      return `${subject.kind}:${subject.incident}`;
    case 'page':
      return `page:${subject.incident}:${subject.page}`;
    case 'reminder':
      return `reminder:${subject.incident}:${subject.reminder}`;
    case 'action':
      return `action:${subject.incident}:${subject.item}:${subject.on}`;
    case 'run':
      return `run:${subject.run}`;
    case 'proposal':
      return `proposal:${subject.proposal}`;
    case 'alerts':
      return `alerts:${subject.incident}:${subject.proposal}`;
    case 'held-back':
      return `held-back:${subject.on}`;
  }
}

function destinationLane(to: Destination): string {
  switch (to.kind) {
    case 'incident':
      return `incident:${to.id}`;
    case 'incidents-channel':
    case 'stakeholders':
      return to.kind;
    case 'user':
      return `user:${to.id}`;
  }
}
