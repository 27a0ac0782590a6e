/** What the local Slack tells the page, in the shapes of its control surface. */

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly real_name: string;
  readonly kind: 'member' | 'guest' | 'foreign' | 'bot';
  readonly deactivated: boolean;
  readonly is_bot: boolean;
}

export interface TextObject {
  readonly type: 'plain_text' | 'mrkdwn';
  readonly text: string;
}

export interface Confirm {
  readonly title?: TextObject;
  readonly text?: TextObject;
  readonly confirm?: TextObject;
  readonly deny?: TextObject;
  readonly style?: 'primary' | 'danger';
}

export interface Option {
  readonly text: TextObject;
  readonly value: string;
  readonly description?: TextObject;
}

/** An interactive element of any kind; which fields it has depends on its type. */
export interface Element {
  readonly type: string;
  readonly action_id: string;
  readonly text?: TextObject;
  readonly value?: string;
  readonly url?: string;
  readonly style?: 'primary' | 'danger';
  readonly confirm?: Confirm;
  readonly options?: readonly Option[];
  readonly option_groups?: readonly { readonly label: TextObject; readonly options: readonly Option[] }[];
  readonly placeholder?: TextObject;
  readonly multiline?: boolean;
  readonly min_length?: number;
  readonly max_length?: number;
  readonly accessibility_label?: string;
}

export interface Block {
  readonly type: string;
  readonly block_id?: string;
  readonly label?: TextObject;
  readonly hint?: TextObject;
  readonly optional?: boolean;
  readonly dispatch_action?: boolean;
  readonly element?: Element;
  readonly accessory?: Element;
  readonly elements?: readonly Element[];
}

export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly size: number;
}

export interface Message {
  readonly ts: string;
  readonly text: string;
  readonly subtype?: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly blocks?: readonly Block[];
  readonly thread_ts?: string;
  readonly edited?: { readonly user: string; readonly ts: string };
  readonly reactions?: readonly { readonly name: string; readonly users: readonly string[] }[];
  readonly files?: readonly SharedFile[];
  readonly reply_count?: number;
  readonly reply_users?: readonly string[];
  readonly latest_reply?: string;
  /** Set on what only one person sees. */
  readonly to?: string;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly is_private: boolean;
  readonly is_im: boolean;
  readonly is_archived: boolean;
  readonly topic: string;
  readonly purpose: string;
  readonly members: readonly string[];
  readonly messages: readonly Message[];
  readonly ephemerals: readonly Message[];
  readonly pins: readonly { readonly ts: string }[];
  readonly bookmarks: readonly {
    readonly id: string;
    readonly title: string;
    readonly link: string;
    readonly emoji?: string;
  }[];
  readonly files: readonly (SharedFile & { readonly user: string; readonly content?: string })[];
}

/** The state that Slack keeps of an element: its value lies in one field, whose name depends on the type. */
type Entry = Readonly<Record<string, unknown>>;

export interface View {
  readonly user: string;
  readonly id: string;
  readonly type: 'modal' | 'home';
  readonly hash: string;
  readonly blocks: readonly Block[];
  readonly callback_id: string;
  readonly state: { readonly values: Readonly<Record<string, Readonly<Record<string, Entry>>>> };
  readonly title?: TextObject;
  readonly submit?: TextObject | null;
  readonly close?: TextObject | null;
}

export interface State {
  readonly users: readonly Person[];
  readonly channels: readonly Channel[];
  readonly views: readonly View[];
  readonly homes: readonly View[];
  readonly connections: number;
  readonly now: string;
}

export interface Call {
  readonly at: string;
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly ms: number;
}

/** The story that `npm run sandbox` tells; a local Slack on its own has none. */
export interface Story {
  readonly command: string;
  readonly verbs: readonly {
    readonly verb: string;
    readonly aliases: readonly string[];
    readonly usage: string;
    readonly summary: string;
  }[];
  readonly shortcuts: readonly {
    readonly callback_id: string;
    readonly name: string;
    readonly type: 'global' | 'message';
  }[];
  readonly steps: readonly {
    readonly id: string;
    readonly label: string;
    readonly hint: string;
    readonly can: boolean;
    readonly style?: 'primary' | 'danger';
  }[];
  readonly shop: {
    readonly state: 'up' | 'failing' | 'down';
    readonly ok: number;
    readonly failed: number;
    readonly failing: Readonly<Record<string, number>>;
    readonly writes: number;
    readonly backlog: number;
  };
}
