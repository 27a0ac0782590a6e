/** What the local Slack remembers, in the shapes Slack itself uses on the wire. */
export type Json = Record<string, unknown>;

/** A copy without some fields. */
export function without<T extends object, K extends keyof T>(thing: T, ...fields: K[]): Omit<T, K> {
  const copy = { ...thing };
  for (const field of fields) Reflect.deleteProperty(copy, field);
  return copy;
}

export interface Block {
  type: string;
  block_id?: string;
  [field: string]: unknown;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  kind: 'member' | 'guest' | 'foreign' | 'bot';
  deactivated: boolean;
  updated: number;
}

interface Note {
  value: string;
  creator: string;
  last_set: number;
}

export interface Message {
  type: 'message';
  subtype?: string | undefined;
  user?: string | undefined;
  text: string;
  ts: string;
  team?: string;
  user_team?: string;
  source_team?: string;
  blocks?: Block[] | undefined;
  attachments?: unknown[] | undefined;
  bot_id?: string | undefined;
  app_id?: string | undefined;
  bot_profile?: Json | undefined;
  username?: string | undefined;
  client_msg_id?: string | undefined;
  thread_ts?: string | undefined;
  parent_user_id?: string | undefined;
  edited?: { user: string; ts: string };
  reactions?: Reaction[];
  files?: Json[] | undefined;
  upload?: boolean;
  display_as_bot?: boolean;
  metadata?: Metadata | undefined;
  pinned_to?: string[];
  inviter?: string | undefined;
  topic?: string | undefined;
  purpose?: string | undefined;
  name?: string | undefined;
  old_name?: string | undefined;
  hidden?: boolean;
}

export interface Metadata {
  event_type: string;
  event_payload: Json;
}

interface Reaction {
  name: string;
  users: string[];
  count: number;
}

/** A message that only one person sees; it is in no history. */
interface Ephemeral {
  readonly user: string;
  readonly message: Message;
}

export interface Pin {
  readonly ts: string;
  readonly created: number;
  readonly created_by: string;
}

export interface Bookmark {
  id: string;
  channel_id: string;
  title: string;
  link: string;
  emoji: string;
  icon_url: string;
  entity_id: string;
  type: string;
  date_created: number;
  date_updated: number;
  rank: string;
  last_updated_by_user_id: string;
  last_updated_by_team_id: string;
  app_id: string;
}

export interface Channel {
  readonly id: string;
  readonly kind: 'public' | 'private' | 'im';
  name: string;
  readonly created: number;
  readonly creator: string;
  /** The person on the other side of a direct message. */
  readonly peer?: string;
  archived: boolean;
  updated: number;
  topic: Note;
  purpose: Note;
  previousNames: string[];
  members: Set<string>;
  messages: Message[];
  ephemerals: Ephemeral[];
  pins: Pin[];
  bookmarks: Bookmark[];
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  title: string;
  readonly owner: string;
  readonly created: number;
  size: number;
  bytes: Buffer | undefined;
  shares: { channel: string; ts: string }[];
  completed: boolean;
}

/** A user group, mentioned as `@handle`. */
export interface UserGroup {
  readonly id: string;
  name: string;
  handle: string;
  description: string;
  users: string[];
  channels: string[];
  readonly created: number;
  readonly createdBy: string;
  updated: number;
  updatedBy: string;
  /** When it was disabled; 0 while it is not. */
  deleted: number;
}

export interface CanvasSection {
  readonly id: string;
  readonly markdown: string;
}

export interface Canvas {
  readonly id: string;
  /** The channel whose tab it is. */
  readonly channel: string | undefined;
  title: string;
  sections: CanvasSection[];
}

/** A message that waits for its time. */
export interface Scheduled {
  readonly channel: string;
  readonly postAt: number;
  readonly text: string;
  readonly cancel: () => void;
}

export interface View {
  id: string;
  team_id: string;
  type: 'modal' | 'home';
  blocks: Block[];
  private_metadata: string;
  callback_id: string;
  external_id: string;
  state: { values: StateValues };
  hash: string;
  title?: Json | undefined;
  submit?: Json | null | undefined;
  close?: Json | null | undefined;
  clear_on_close: boolean;
  notify_on_close: boolean;
  root_view_id: string;
  previous_view_id: string | null;
  app_id: string;
  app_installed_team_id: string;
  bot_id: string;
}

export type StateValues = Record<string, Record<string, Json>>;
