/** The step kinds that touch no database: against a real HTTP server, real programs and the run's own journal. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runbook, RunbookStep } from '../../src/domain/runbook.ts';
import { loadSteps, riskOf, runnable, type StepKind } from '../../src/runbooks/step.ts';
import { type Bench, openBench, settingsWith } from '../jobs/run-step-support.ts';
import { eventually } from '../support/eventually.ts';

interface Heard {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('a step', () => {
  let kinds: ReadonlyMap<string, StepKind>;
  let bench: Bench;
  let server: Server;
  let at: string;
  let folder: string;
  const runbooks = new Map<string, Runbook>();
  let heard: Heard[] = [];
  let reply: (path: string) => { status: number; body?: string; location?: string } | 'nothing' = () => ({
    status: 200,
  });

  beforeAll(async () => {
    kinds = runnable(await loadSteps());
    folder = await mkdtemp(join(tmpdir(), 'firebreak-steps-'));
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        heard.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
        const answer = reply(request.url ?? '');
        if (answer === 'nothing') return void request.socket.destroy();
        response.writeHead(answer.status, answer.location ? { location: answer.location } : {});
        response.end(answer.body ?? 'fine');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const settings = {
      ...settingsWith(),
      breaker: { dangerousPerHour: 100 },
      programs: { node: process.execPath },
      secrets: { DEPLOY_TOKEN: 'very-secret-token' },
    };
    const roster = (team: string) =>
      Promise.resolve(
        team === 'database'
          ? { level: 1, levels: 1, waitSeconds: 300, users: ['UDBA'], ways: [], problems: [] }
          : undefined,
      );
    const app = { roster, captured: () => Promise.resolve([]) };
    bench = await openBench([...kinds.values()], [], { settings, app, runbooks });
  });
  beforeEach(() => {
    heard = [];
    reply = () => ({ status: 200 });
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await bench.close();
    await rm(folder, { recursive: true, force: true });
  });

  let count = 0;
  type Wish = Pick<RunbookStep, 'kind' | 'with'> & Partial<RunbookStep>;
  /** Starts a runbook of these steps. */
  async function begin(...steps: readonly Wish[]) {
    const name = `book-${(count += 1)}`;
    runbooks.set(name, {
      name,
      title: name,
      summary: name,
      params: {},
      steps: steps.map((step) => ({
        name: step.kind,
        risk: riskOf(kinds.get(step.kind) as StepKind, step.with),
        ...step,
      })),
    });
    return bench.work((await bench.start(name)).id);
  }
  async function approved(...steps: readonly Wish[]) {
    const run = await begin(...steps);
    expect(run.state).toBe('awaiting_approval');
    expect(await bench.approve(run.id)).toMatchObject({ ok: true });
    return { run, end: () => bench.work(run.id) };
  }

  it('waits, and goes on when its time is over', async () => {
    const run = await begin({ kind: 'wait', with: { for: '30s' } });
    expect(run).toMatchObject({ state: 'running', steps: [{ state: 'waiting', verdict: 'Waits 30 s.' }] });
    bench.clock.advance(29_000);
    expect(await bench.work(run.id)).toMatchObject({ state: 'running' });
    bench.clock.advance(1000);
    expect(await bench.work(run.id)).toMatchObject({ state: 'done', steps: [{ verdict: 'Waited 30 s.' }] });
  });

  it('asks a person, or an approver', async () => {
    const run = await begin(
      { kind: 'manual', with: { text: 'Turn the flag off' } },
      { kind: 'approval', with: { question: 'Go on?' } },
    );
    expect(run).toMatchObject({
      state: 'waiting',
      steps: [{ waitsFor: 'person', verdict: 'Turn the flag off' }, {}],
    });
    await bench.runs.steer({ run: run.id, by: 'UTWO', what: 'yes' });
    expect(await bench.work(run.id)).toMatchObject({
      steps: [{ state: 'done' }, { state: 'waiting', waitsFor: 'approver' }],
    });
    await bench.runs.steer({ run: run.id, by: 'UDBA', what: 'yes' });
    expect(await bench.work(run.id)).toMatchObject({ state: 'done' });
  });

  it('pages a team once, and is content when it is being paged already', async () => {
    const input = { kind: 'page', with: { team: 'database', reason: 'the disk is full' } };
    const run = await begin(input, { ...input, name: 'again' });
    expect(run).toMatchObject({
      state: 'done',
      steps: [{ verdict: 'Paged database: the disk is full.' }, { state: 'done' }],
    });
    const effects = await bench.effects(run.incidentId);
    expect(effects.filter((each) => each.kind === 'say' && each.text.startsWith(':pager:'))).toHaveLength(1);
    expect((await bench.timeline(run.incidentId)).filter(({ kind }) => kind === 'page')).toHaveLength(1);
    expect(await begin({ kind: 'page', with: { team: 'nobody', reason: 'x' } })).toMatchObject({
      state: 'failed',
      steps: [{ verdict: 'Nobody can be paged: there is no team nobody.' }],
    });
  });

  it('asks an address until it answers right, or not any more', async () => {
    reply = () => ({ status: 503 });
    const input = { url: `${at}/health`, within: '20s', every: '5s', contains: 'well' };
    const run = await begin({ kind: 'probe', with: input });
    expect(run.steps[0]).toMatchObject({ state: 'waiting' });
    expect(run.steps[0]?.verdict).toContain('answered 503, not 200');
    reply = () => ({ status: 200, body: 'all is well' });
    bench.clock.advance(5000);
    expect(await bench.work(run.id)).toMatchObject({ state: 'done' });
    reply = () => ({ status: 200, body: 'not yet' });
    const late = await begin({ kind: 'probe', with: input });
    for (let turn = 0; turn < 4; turn += 1) {
      bench.clock.advance(5000);
      await bench.work(late.id);
    }
    expect((await bench.work(late.id)).steps[0]?.verdict).toMatch(
      /^Not green within 20 s\. .*does not contain "well"/,
    );
  });

  it('reads an address without asking anybody, follows no redirect, and encodes what it is given', async () => {
    reply = (path) =>
      path.startsWith('/away') ? { status: 302, location: 'http://169.254.169.254/' } : { status: 200 };
    const run = await begin({
      kind: 'http',
      with: { url: `${at}/status?a=1`, query: { q: 'x&admin=1 ' }, bearer: 'DEPLOY_TOKEN' },
    });
    expect(run).toMatchObject({
      state: 'done',
      steps: [{ risk: 'read', output: { status: 200, body: 'fine' } }],
    });
    expect(heard[0]?.line).toBe('GET /status?a=1&q=x%26admin%3D1+');
    expect(heard[0]?.headers.authorization).toBe('Bearer very-secret-token');
    const away = await begin({ kind: 'http', with: { url: `${at}/away` } });
    expect(away).toMatchObject({ state: 'failed' });
    expect(heard).toHaveLength(2);
  });

  it.each(['http', 'probe'])(
    'of kind %s asks no address where a cloud keeps its credentials',
    async (kind) => {
      for (const url of [
        'http://169.254.169.254/latest/meta-data/',
        'http://2852039166/',
        'http://[fd00:ec2::254]/',
      ]) {
        const run = await begin({ kind, with: { url } });
        expect(run.state).toBe('failed');
        expect(run.steps[0]?.verdict).toContain('ADDRESS_REFUSED');
      }
    },
  );

  it('never reads more of an answer than is shown', async () => {
    reply = () => ({ status: 200, body: 'x'.repeat(20_000_000) });
    const run = await begin({ kind: 'http', with: { url: `${at}/huge` } });
    expect(JSON.stringify(run.steps[0]?.output).length).toBeLessThan(1200);
  });

  it('sends what is no GET once, after an approval, and keeps the secret to itself', async () => {
    const input = { method: 'POST', url: `${at}/deploys/undo`, body: { to: 'v41' }, bearer: 'DEPLOY_TOKEN' };
    const { run, end } = await approved({ kind: 'http', with: input });
    expect(run.steps[0]?.plan?.sql).toBe(`POST ${at}/deploys/undo\n{"to":"v41"}`);
    expect(heard).toHaveLength(0);
    expect(await end()).toMatchObject({ state: 'done', steps: [{ outcome: { facts: { status: 200 } } }] });
    expect(heard.map(({ line, body }) => [line, body])).toEqual([['POST /deploys/undo', '{"to":"v41"}']]);
    expect(heard[0]?.headers['idempotency-key']).toBe(`${run.id}-${run.requestedAt.getTime()}-1`);
    const { rows } = await bench.store.query<{ kept: string }>('select (s.*)::text as kept from run_steps s');
    expect(rows.map(({ kept }) => kept).join()).not.toContain('very-secret-token');
  });

  it.each([
    ['GET', 'failed', 'There is no secret PATH.'],
    ['POST', 'stopped', 'Runbooks may not send PATH; they may send: DEPLOY_TOKEN.'],
  ])('sends no secret that is not named, though the environment has it (%s)', async (method, state, why) => {
    expect(process.env['PATH']).toBeDefined();
    const run = await begin({ kind: 'http', with: { method, url: `${at}/status`, bearer: 'PATH' } });
    expect(run).toMatchObject({ state, steps: [{ verdict: expect.stringContaining(why) as string }] });
    expect(heard).toEqual([]);
  });

  it('does not know what became of a request that nobody answered, and sends it no second time', async () => {
    reply = () => 'nothing';
    const { end } = await approved({ kind: 'http', with: { method: 'DELETE', url: `${at}/cache` } });
    const run = await end();
    expect(run).toMatchObject({ state: 'unknown', steps: [{ state: 'unknown' }] });
    bench.clock.advance(60_000);
    await bench.work(run.id);
    expect(heard).toHaveLength(1);
    await bench.runs.settleUnknown({
      run: run.id,
      step: 1,
      by: 'UDBA',
      happened: 'aborted',
      note: 'the cache is full',
    });
  });

  it.each([
    [303, 'unknown'],
    [409, 'unknown'],
    [500, 'unknown'],
    [403, 'stopped'],
    [201, 'done'],
  ])('takes %i for %s', async (status, state) => {
    reply = () => ({ status, location: '/elsewhere' });
    const { end } = await approved({ kind: 'http', with: { method: 'POST', url: `${at}/do` } });
    const run = await end();
    expect(run.steps[0]).toMatchObject({ state });
    expect(heard).toHaveLength(1);
    await bench.store.query('update runs set ended_at = now(), due_at = null where id = $1', [run.id]);
  });

  it('does not wait for what a program left in the background', async () => {
    const script = `require('node:child_process').spawn('sleep', ['20'], { stdio: 'inherit' }).unref(); console.log('started')`;
    const { end } = await approved({
      kind: 'shell',
      with: { program: 'node', args: ['-e', script], limit: '10s' },
    });
    expect(await end()).toMatchObject({ state: 'done', steps: [{ outcome: { facts: { exit: 0 } } }] });
  });

  it('runs a program that is allowed, without a shell and without our environment', async () => {
    const script = `console.log(JSON.stringify([process.argv.slice(1), Object.keys(process.env).sort()]))`;
    const args = ['-e', script, '; rm -rf / #', '$(id)'];
    const { end } = await approved({ kind: 'shell', with: { program: 'node', args } });
    const run = await end();
    const facts = run.steps[0]?.outcome?.facts as { exit: number; output: string };
    expect(facts.exit).toBe(0);
    const [given, env] = JSON.parse(facts.output) as [string[], string[]];
    expect(given).toEqual(['; rm -rf / #', '$(id)']);
    expect(env).toEqual(['FIREBREAK_INCIDENT', 'FIREBREAK_RUN', 'FIREBREAK_TARGET', 'PATH']);
  });

  it('runs no program that is not named', async () => {
    const run = await begin({ kind: 'shell', with: { program: 'rm', args: ['-rf', '/'] } });
    expect(run).toMatchObject({ state: 'stopped' });
    expect(run.steps[0]?.verdict).toContain('may not run rm; allowed are: node');
  });

  it('says with what a program ended, keeps the end of a long output, and ends what takes too long', async () => {
    const failing = `process.stdout.write('x'.repeat(100000)); console.error('disk full'); process.exitCode = 3`;
    const failed = await (
      await approved({ kind: 'shell', with: { program: 'node', args: ['-e', failing] } })
    ).end();
    expect(failed).toMatchObject({
      state: 'stopped',
      steps: [{ outcome: { code: 'FAILED', facts: { exit: 3 } } }],
    });
    const { output } = failed.steps[0]?.outcome?.facts as { output: string };
    expect(output.length).toBeLessThanOrEqual(16 * 1024);
    expect(output).toContain('disk full');

    const pidFile = join(folder, 'pid');
    const child = join(folder, 'child.mjs');
    await writeFile(
      child,
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000);`,
    );
    const endless = `require('node:child_process').spawn(process.execPath, [${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
    const { end } = await approved({
      kind: 'shell',
      with: { program: 'node', args: ['-e', endless], limit: '1s' },
    });
    const run = await end();
    expect(run).toMatchObject({ state: 'unknown' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    await eventually(() => !isAlive(pid));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
