/** Files in three steps: ask for an address, send the bytes there, then share. */
import { z } from 'zod';
import { completeFile, newFile, shareFiles, shownFile } from '../acts/files.ts';
import type { Slack } from '../context.ts';
import type { StoredFile } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { count, defineMethod, embedded, postable, word } from './define.ts';

export const fileMethods = [
  defineMethod(
    'files.getUploadURLExternal',
    { scopes: ['files:write'], tier: 4 },
    z.object({ filename: word, length: count, alt_txt: word.optional(), snippet_type: word.optional() }),
    (slack, args) => {
      if (args.length === undefined) throw new SlackError('invalid_arguments');
      const file = newFile(slack, slack.world.identity.botUser, args.filename, args.length);
      return { upload_url: `${slack.url()}/upload/v1/${file.id}`, file_id: file.id };
    },
  ),
  defineMethod(
    'files.completeUploadExternal',
    { scopes: ['files:write'], tier: 4, ignored: ['blocks'] },
    z.object({
      files: embedded(
        z
          .array(
            z.object({ id: z.string(), title: z.string().optional(), highlight_type: z.string().optional() }),
          )
          .min(1),
      ),
      channel_id: word.optional(),
      channels: word.optional(),
      thread_ts: word.optional(),
      initial_comment: word.optional(),
    }),
    (slack, args) => {
      const files = args.files.map(({ id, title }) => completeFile(uploaded(slack, id), title));
      const targets = [args.channel_id, ...(args.channels ?? '').split(',')].filter(
        (id) => id !== undefined && id !== '',
      );
      for (const id of targets) {
        shareFiles(slack, postable(slack, id ?? ''), files, args.initial_comment ?? '', args.thread_ts);
      }
      return { files: files.map((file) => shownFile(slack, file)) };
    },
  ),
  defineMethod(
    'files.info',
    { scopes: ['files:read'], tier: 4, ignored: ['count', 'cursor', 'limit', 'page'] },
    z.object({ file: word }),
    (slack, args) => {
      const file = slack.world.files.get(args.file);
      if (!file?.completed) throw new SlackError('file_not_found');
      return { file: shownFile(slack, file), comments: [] };
    },
  ),
];

function uploaded(slack: Slack, id: string): StoredFile {
  const file = slack.world.files.get(id);
  if (!file?.bytes) throw new SlackError('file_not_found');
  return file;
}
