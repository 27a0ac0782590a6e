/** What a step found is kept without what opens doors and names people. */
import { redacted, redactedText } from '../../src/domain/redact-output.ts';

describe('an output', () => {
  it.each([
    ['DB_PASSWORD=hunter2 next', 'DB_PASSWORD=[hidden] next'],
    ['PGPASSWORD=hunter2', 'PGPASSWORD=[hidden]'],
    ['client_secret: "two words" next', 'client_secret: [hidden] next'],
    ['{"access_token":"abc","n":1}', '{"access_token":[hidden],"n":1}'],
    ['aws_secret_access_key = abc/def', 'aws_secret_access_key = [hidden]'],
    ['Authorization: Token abcdefgh12345', 'Authorization: [hidden]'],
    ['Authorization: Bearer abc=def==', 'Authorization: [hidden]'],
    ['postgres://u:p@ss@host/db is away', 'postgres://[hidden]@host/db is away'],
    ['postgres://u:pa/ss@host', 'postgres://[hidden]@host'],
    ['mail to jane.doe+x@example.com now', 'mail to [hidden] now'],
    ['xoxb-1234567890-abc and ghp_abcdefghijkl', '[hidden] and [hidden]'],
    ['relation "order_status" does not exist (42P01)', 'relation "order_status" does not exist (42P01)'],
    ['pid 4711, postgres://shop@db/shop, 12:30:00', 'pid 4711, postgres://shop@db/shop, 12:30:00'],
  ])('%s is kept as %s', (text, kept) => {
    expect(redactedText(text)).toBe(kept);
  });

  it('is looked through by its keys as well', () => {
    const at = new Date(0);
    expect(redacted({ password: 'x', rows: [{ api_token: 'y', n: 1, at }] })).toEqual({
      password: '[hidden]',
      rows: [{ api_token: '[hidden]', n: 1, at }],
    });
  });

  // One that backtracks takes minutes over these.
  it.each(['a.', 'a:', 'x@', 'eyJaaaaaaaa.', 'password'])('of many %s is read in one pass', (piece) => {
    const text = piece.repeat(100_000);
    expect(redactedText(text).length).toBeLessThanOrEqual(text.length);
  });
});
