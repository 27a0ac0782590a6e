/** GitHub's issues on the loopback: it keeps them, and fails as a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeIssue {
  readonly number: number;
  readonly html_url: string;
  readonly created_at: string;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly state: string;
}

/** `before`: nothing is done. `after`: it is done, and the answer is this. `lost`: done, and no answer comes. */
export interface Fault {
  readonly when: 'before' | 'after' | 'lost' | 'hang';
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface FakeGitHub {
  readonly url: string;
  readonly issues: FakeIssue[];
  /** `POST /repos/acme/shop/issues`, in order. */
  readonly asked: string[];
  readonly tokens: (string | undefined)[];
  /** For the next requests, one each. */
  fail(...faults: readonly Fault[]): void;
  close(): Promise<void>;
}

export async function startFakeGitHub(): Promise<FakeGitHub> {
  const issues: FakeIssue[] = [];
  const asked: string[] = [];
  const tokens: (string | undefined)[] = [];
  const faults: Fault[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const { method = '', url = '' } = request;
      asked.push(`${method} ${url}`);
      tokens.push(request.headers.authorization);
      const fault = faults.shift();
      const done = fault?.when === 'before' ? { status: 500, body: {} } : act(method, url, text, issues);
      if (fault?.when === 'lost') return void request.socket.destroy();
      if (fault?.when === 'hang') return;
      answer(response, { ...done, ...fault });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issues,
    asked,
    tokens,
    fail: (...more) => void faults.push(...more),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function answer(
  response: ServerResponse,
  { status = 200, headers = {}, body }: { status?: number; headers?: Fault['headers']; body?: unknown },
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function act(
  method: string,
  url: string,
  text: string,
  issues: FakeIssue[],
): { status: number; body: unknown } {
  const at = new URL(url, 'http://x');
  const [, number] = /^\/repos\/acme\/shop\/issues(?:\/(\d+))?$/.exec(at.pathname) ?? [];
  if (!at.pathname.startsWith('/repos/acme/shop/issues'))
    return { status: 404, body: { message: 'Not Found' } };
  const said = (text === '' ? {} : JSON.parse(text)) as Partial<FakeIssue>;
  if (method === 'POST') {
    const made = {
      title: '',
      body: '',
      labels: [],
      ...said,
      number: issues.length + 1,
      html_url: `https://github.example/acme/shop/issues/${issues.length + 1}`,
      created_at: new Date().toISOString(),
      state: 'open',
    };
    issues.push(made);
    return { status: 201, body: made };
  }
  if (method === 'GET') {
    const [size, page] = [Number(at.searchParams.get('per_page')), Number(at.searchParams.get('page'))];
    return { status: 200, body: issues.toReversed().slice((page - 1) * size, page * size) };
  }
  const index = issues.findIndex((each) => each.number === Number(number));
  const known = issues[index];
  if (!known) return { status: 404, body: { message: 'Not Found' } };
  const changed = { ...known, ...said };
  issues[index] = changed;
  return { status: 200, body: changed };
}
