/** The log: JSON lines by pino; secrets are taken out here, whoever logs them and wherever they are. */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level?: LogLevel;
  readonly destination?: DestinationStream;
  /** The secrets themselves: where one stands it is taken out, whatever is around it. Of less than 8 characters none is. */
  readonly secrets?: readonly string[];
}

const CENSOR = '[secret]';

/** Fields whose value is secret whatever it looks like, at the top of an object and one or two levels down. */
const SECRET_FIELDS = [
  'token',
  'tokens',
  'bot_token',
  'botToken',
  'appToken',
  'signingSecret',
  'routingKey',
  'routing_key',
  'pagerDutyToken',
  'password',
  'secret',
  'authorization',
  'Authorization',
  'response_url',
  'responseUrl',
  'connectionString',
  'databaseUrl',
];

/** Secrets within text: messages of errors, requests, URLs. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\bx(?:ox[a-z]|app|wfp)-[\w.-]+/g, CENSOR],
  [/\b(postgres(?:ql)?:\/\/[^\s:@/"\\]*):[^\s@"\\]+@/g, `$1:${CENSOR}@`],
  [/\b(password=)(?:'[^']*'|[^\s"\\&]+)/gi, `$1${CENSOR}`],
  [/\b(Token token=)[\w.~+/=-]+/g, `$1${CENSOR}`],
  [/\b(Bearer )[\w.~+/=-]+/gi, `$1${CENSOR}`],
  [/(https:\/\/hooks\.slack\.com\/)[^\s"\\]+/g, `$1${CENSOR}`],
];

/** Makes the program's logger; `child({ incident })` for what belongs to an incident. */
export function createLogger({ level = 'info', destination, secrets = [] }: LogOptions = {}): Logger {
  const withoutKnown = withoutEach(secrets);
  const options = {
    level,
    base: null,
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: CENSOR },
    hooks: { streamWrite: (line: string) => withoutSecrets(withoutKnown(line)) },
    serializers: { err: errorFacts },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Shorter ones are parts of words and numbers that are no secret. */
const SHORTEST = 8;

/** As they are, as a URL has them, and as they stand in a line of JSON; a long one first, it may hold another. */
function withoutEach(secrets: readonly string[]): (line: string) => string {
  const long = secrets.filter((secret) => secret.length >= SHORTEST);
  const forms = long.flatMap((secret) => [JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const sought = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (line) => sought.reduce((rest, secret) => rest.replaceAll(secret, CENSOR), line);
}

/** pg hangs its whole client on some errors: only what helps is logged. */
function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: error.code } : {};
  return { name, message, ...code, stack, ...(cause === undefined ? {} : { cause: errorFacts(cause) }) };
}

/** For tests. */
export const silentLogger: Logger = pino({ level: 'silent' });

/** The text with what looks like a secret taken out. */
export function withoutSecrets(text: string): string {
  return SECRET_TEXTS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text);
}
