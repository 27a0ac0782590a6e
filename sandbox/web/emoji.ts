/** Names of emoji, as pictures. */
import { get } from 'node-emoji';

/** The few names in which Slack differs from the list. */
const SLACK_NAMES: Readonly<Record<string, string>> = {
  thumbsup: '👍',
  thumbsdown: '👎',
  thinking_face: '🤔',
  large_green_circle: '🟢',
  large_yellow_circle: '🟡',
  large_orange_circle: '🟠',
  large_purple_circle: '🟣',
  octagonal_sign: '🛑',
};

/** The picture, or the name in colons when there is none. */
export const emojiOf = (name: string): string => {
  const plain = name.replace(/::skin-tone-\d$/, '');
  return SLACK_NAMES[plain] ?? get(plain) ?? `:${plain}:`;
};

/** What the picker offers. */
export const PICKED = [
  'white_check_mark',
  'eyes',
  'pushpin',
  'fire',
  'rotating_light',
  'raised_hands',
  'thumbsup',
  'thumbsdown',
  'heart',
  'tada',
  'thinking_face',
  'warning',
  'x',
  'hourglass_flowing_sand',
  'memo',
  'rocket',
] as const;
