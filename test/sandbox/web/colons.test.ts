import { withPlainColons } from '../../../sandbox/web/blocks/colons.ts';

const section = (text: string): object => ({ type: 'section', text: { type: 'mrkdwn', text } });
const shown = (text: string): string =>
  JSON.stringify(withPlainColons([section(text)])).replaceAll('&#58;', '|');

test.each([
  [
    'a colon in two lines is no emoji',
    ':fire: *a service:b*\\ncritical: most',
    ':fire: *a service|b*\\ncritical| most',
  ],
  [
    'links, code and skin tones stay',
    '<https://a:1/b|c:d> `e:f` :+1::skin-tone-2:',
    '<https://a:1/b|c:d> `e:f` :+1::skin-tone-2:',
  ],
])('%s', (_what, text, expected) => {
  expect(shown(text.replaceAll('\\n', '\n'))).toBe(
    JSON.stringify([section(expected.replaceAll('\\n', '\n'))]),
  );
});
