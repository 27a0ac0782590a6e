/** Files, kept in memory: made, filled, shared in a channel, and shown. */
import { extname } from 'node:path';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import { type Channel, type Json, type StoredFile, without } from '../model.ts';
import { emit } from '../wire/events.ts';
import { botMessage, post } from './messages.ts';

const TEXT_TYPES: Readonly<Record<string, readonly [string, string, string]>> = {
  '.md': ['text/plain', 'markdown', 'Markdown (raw)'],
  '.txt': ['text/plain', 'text', 'Plain Text'],
  '.json': ['application/json', 'json', 'JSON'],
  '.csv': ['text/csv', 'csv', 'CSV'],
  '.sql': ['text/plain', 'sql', 'SQL'],
  '.log': ['text/plain', 'text', 'Plain Text'],
  '.yml': ['text/plain', 'yaml', 'YAML'],
};
const IMAGE_TYPES: Readonly<Record<string, readonly [string, string, string]>> = {
  '.png': ['image/png', 'png', 'PNG'],
  '.jpg': ['image/jpeg', 'jpg', 'JPEG'],
  '.gif': ['image/gif', 'gif', 'GIF'],
};
const BINARY = ['application/octet-stream', 'binary', 'Binary'] as const;

export function newFile(slack: Slack, owner: string, name: string, size: number): StoredFile {
  const file: StoredFile = {
    id: slack.world.ids.next('F'),
    name,
    title: name,
    owner,
    created: seconds(slack),
    size,
    bytes: undefined,
    shares: [],
    completed: false,
  };
  slack.world.files.set(file.id, file);
  return file;
}

export function fillFile(file: StoredFile, bytes: Buffer): void {
  file.bytes = bytes;
  file.size = bytes.length;
}

export function completeFile(file: StoredFile, title: string | undefined): StoredFile {
  file.title = title ?? file.name;
  file.completed = true;
  return file;
}

/** Posts the app's files as one message. */
export function shareFiles(
  slack: Slack,
  channel: Channel,
  files: readonly StoredFile[],
  text: string,
  thread_ts: string | undefined,
): void {
  const message = botMessage(slack, {
    text,
    thread_ts,
    files: files.map((file) => fileInMessage(slack, file)),
  });
  for (const file of files) file.shares.push({ channel: channel.id, ts: message.ts });
  message.files = files.map((file) => fileInMessage(slack, file));
  post(slack, channel, message);
  for (const file of files) tellShared(slack, channel, file);
}

export function tellShared(slack: Slack, channel: Channel, file: StoredFile): void {
  const about = { file_id: file.id, user_id: file.owner, file: { id: file.id }, channel_id: channel.id };
  emit(slack, channel, { type: 'file_shared', ...about });
}

/** The text of a text file, as the page and the state show it. */
export function textOf(file: StoredFile): string | undefined {
  return isText(file) ? file.bytes?.toString('utf8') : undefined;
}

const isText = (file: StoredFile) => extname(file.name).toLowerCase() in TEXT_TYPES;

/** A file as the message that shares it shows it: without where else it is. */
export function fileInMessage(slack: Slack, file: StoredFile): Json {
  return without(shownFile(slack, file), 'channels', 'groups', 'ims', 'shares', 'has_more_shares');
}

export function shownFile(slack: Slack, file: StoredFile): Json {
  const extension = extname(file.name).toLowerCase();
  const [mimetype, filetype, pretty] = TEXT_TYPES[extension] ?? IMAGE_TYPES[extension] ?? BINARY;
  const { identity } = slack.world;
  const url = `${slack.url()}/files-pri/${identity.team.id}-${file.id}`;
  const name = encodeURIComponent(file.name);
  const channelsOf = (kind: Channel['kind']) => [
    ...new Set(
      file.shares.map((share) => share.channel).filter((id) => slack.world.channels.get(id)?.kind === kind),
    ),
  ];
  return {
    id: file.id,
    created: file.created,
    timestamp: file.created,
    name: file.name,
    title: file.title,
    mimetype,
    filetype,
    pretty_type: pretty,
    user: file.owner,
    user_team: identity.team.id,
    editable: isText(file),
    size: file.size,
    mode: isText(file) ? 'snippet' : 'hosted',
    is_external: false,
    external_type: '',
    is_public: channelsOf('public').length > 0,
    public_url_shared: false,
    display_as_bot: false,
    username: '',
    url_private: `${url}/${name}`,
    url_private_download: `${url}/download/${name}`,
    permalink: `${slack.url()}/files/${file.owner}/${file.id}/${name}`,
    channels: channelsOf('public'),
    groups: channelsOf('private'),
    ims: channelsOf('im'),
    shares: sharesOf(slack, file),
    has_more_shares: false,
  };
}

function sharesOf(slack: Slack, file: StoredFile): Json {
  const shares: Record<'public' | 'private', Record<string, Json[]>> = { public: {}, private: {} };
  for (const { channel: id, ts } of file.shares) {
    const channel = slack.world.channels.get(id);
    if (!channel) continue;
    const where = shares[channel.kind === 'public' ? 'public' : 'private'];
    const share = {
      reply_users: [],
      reply_users_count: 0,
      reply_count: 0,
      ts,
      channel_name: channel.name,
      team_id: slack.world.identity.team.id,
      share_user_id: file.owner,
    };
    where[id] = [...(where[id] ?? []), share];
  }
  return Object.fromEntries(Object.entries(shares).filter(([, of]) => Object.keys(of).length > 0));
}
