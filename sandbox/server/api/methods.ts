/** The table of all Web API methods of the local Slack. */
import { authMethods } from './auth.ts';
import { chatMethods } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import type { Method } from './define.ts';
import { fileMethods } from './files.ts';
import { historyMethods } from './history.ts';
import { bookmarkMethods, pinMethods, reactionMethods } from './marks.ts';
import { memberMethods } from './members.ts';
import { userMethods } from './users.ts';
import { viewMethods } from './views.ts';

const all: readonly Method[] = [
  ...authMethods,
  ...userMethods,
  ...conversationMethods,
  ...memberMethods,
  ...historyMethods,
  ...chatMethods,
  ...pinMethods,
  ...reactionMethods,
  ...bookmarkMethods,
  ...viewMethods,
  ...fileMethods,
];

export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));
