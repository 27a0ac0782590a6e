/** The secrets that the environment holds, in one list: what the log takes out wherever it stands. */
import type { ConfigFile } from './config-file.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Every value that opens something; of URLs of databases the password alone, since hosts help who reads the log. */
export function secretsOf(file: ConfigFile, env: Env): readonly string[] {
  const valueOf = (variable: string | undefined): string => env[variable ?? ''] ?? '';
  const values = [...FIXED, ...namedIn(file)].map(valueOf);
  const passwords = ['DATABASE_URL', ...urlsIn(file)].flatMap((variable) => passwordIn(valueOf(variable)));
  return [...new Set([...values, ...passwords])].filter((value) => value !== '');
}

/** Their names are the same everywhere. */
const FIXED = [
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_CONFIG_TOKEN',
  'FIREBREAK_TOKEN',
];

/** The address of a webhook is one as well: whoever knows it may send there. */
const namedIn = ({
  http,
  teams,
  pagerduty,
  tracker,
  secrets,
}: ConfigFile): readonly (string | undefined)[] => [
  ...Object.values(http.tokens),
  ...Object.values(teams).flatMap((team) => [
    team.pagerduty?.routing_key_env,
    team.webhook?.url_env,
    team.webhook?.secret_env,
  ]),
  pagerduty?.token_env,
  tracker?.github.token_env,
  ...secrets,
];

const urlsIn = ({ targets }: ConfigFile): readonly (string | undefined)[] =>
  Object.values(targets).flatMap((target) => [target.diag_url_env, target.act_url_env, target.ddl_url_env]);

/** As it stands in the URL, and as the server hears it. */
function passwordIn(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { password, searchParams } = new URL(url);
  return [password, decoded(password), searchParams.get('password') ?? ''];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
