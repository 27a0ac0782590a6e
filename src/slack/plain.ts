/** Words for Slack's fields that show no markup, such as what is wrong at the field of a form. */
import { plainText } from '../domain/postmortem/markdown.ts';

/** People by name where it is known; a channel has none here, and is that of what is spoken of. */
export const plain = (mrkdwn: string, people: Readonly<Record<string, string>>): string =>
  plainText(mrkdwn.replace(/^:[a-z_]+: */, '').replace(/<#[^<>]*>/g, 'its channel'), people)
    .replace(/\*([^*\n]+)\*/g, '$1')
    .replaceAll('`', '');
