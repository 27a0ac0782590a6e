import { createLogger } from '../src/log.ts';

describe('the log', () => {
  const logged = (value: object, message = 'said'): string => {
    let text = '';
    const log = createLogger({ destination: { write: (line) => void (text += line) } });
    log.child({ incident: 7 }).warn(value, message);
    return text;
  };

  it.each([
    ['a token in a field', { token: 'hunter2' }],
    ['a token further down', { slack: { web: { botToken: 'hunter2' } } }],
    ['an authorization header', { req: { headers: { authorization: 'hunter2' } } }],
    ['a response_url', { body: { response_url: 'https://example.test/hunter2' } }],
    ['a Slack token in a text', { err: new Error('bad xoxb-1-hunter2 given') }],
    ['an app token in a list', { list: [{ deep: { deeper: { t: 'xapp-1-A-hunter2' } } }] }],
    ['a connection string in a text', { err: new Error('connect postgres://bot:hunter2@db/shop') }],
    ['a bearer token in a text', { text: 'Authorization: Bearer hunter2' }],
    ['a key of PagerDuty', { paging: { teams: { routingKey: 'hunter2' } } }],
    ['a token of PagerDuty in a text', { text: 'Authorization: Token token=hunter2' }],
    ['a webhook address', { url: 'https://hooks.slack.com/commands/T1/2/hunter2' }],
  ])('takes out %s', (_case, value) => {
    const line = logged(value);
    expect(line).not.toContain('hunter2');
    expect(JSON.parse(line)).toMatchObject({ incident: 7, msg: 'said' });
  });

  it('takes out the secrets that it was given, wherever they stand', () => {
    let text = '';
    const secrets = ['pa"ss/word\\1', 'plain-secret', 'plain-secret-2', 'short'];
    const log = createLogger({ secrets, destination: { write: (line) => void (text += line) } });
    log.warn(
      { at: [{ deep: 'x plain-secret-2.' }], 'plain-secret': 1, url: '/a?b=pa%22ss%2Fword%5C1' },
      secrets[0],
    );
    log.info('short words stay');
    const [first = '', second = ''] = text.split('\n');
    expect(JSON.parse(first)).toMatchObject({
      at: [{ deep: 'x [secret].' }],
      '[secret]': 1,
      url: '/a?b=[secret]',
      msg: '[secret]',
    });
    expect(second).toContain('short words stay');
  });

  it('keeps what is no secret', () => {
    expect(logged({ url: 'postgres://bot@db/shop', lane: 'incident:7' })).toContain('postgres://bot@db/shop');
  });
});
