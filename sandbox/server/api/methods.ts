/** The table of all Web API methods of the local Slack. */
import { authMethods } from './auth.ts';
import { canvasMethods } from './canvases.ts';
import { chatMethods } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import type { Method } from './define.ts';
import { fileMethods } from './files.ts';
import { groupMethods } from './groups.ts';
import { historyMethods } from './history.ts';
import { bookmarkMethods, pinMethods, reactionMethods } from './marks.ts';
import { memberMethods } from './members.ts';
import { scheduleMethods } from './schedule.ts';
import { userMethods } from './users.ts';
import { viewMethods } from './views.ts';

const all: readonly Method[] = [
  ...authMethods,
  ...userMethods,
  ...groupMethods,
  ...conversationMethods,
  ...memberMethods,
  ...historyMethods,
  ...chatMethods,
  ...scheduleMethods,
  ...pinMethods,
  ...reactionMethods,
  ...bookmarkMethods,
  ...viewMethods,
  ...fileMethods,
  ...canvasMethods,
];

export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));
