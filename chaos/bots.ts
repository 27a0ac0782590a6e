/** The bots of a run as processes: killed, frozen, woken, and put forward in time together with the local Slack. */
import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { LocalSlack } from '../sandbox/server/main.ts';

export interface Bots {
  /** Settles when the bot is up, or has ended before that. */
  start(index: number): Promise<void>;
  kill(index: number): Promise<void>;
  killAll(): Promise<void>;
  /** `SIGSTOP` and `SIGCONT` to the bot that names itself so in the store. */
  signal(name: string, signal: NodeJS.Signals): void;
  advance(ms: number): void;
  /** Those that ended though nobody killed them, and how. */
  ended(): readonly string[];
  /** How much of what Slack sends them has not been acked. */
  undelivered(): number;
  /** What their clocks say. */
  now(): Date;
}

export interface BotsParts {
  /** The folder that has `dist`. */
  readonly program: string;
  readonly config: string;
  readonly dir: string;
  readonly slack: LocalSlack;
  /** Told where each bot listens. */
  readonly listens: (url: string) => void;
  /** The environment of the bot of this name. */
  readonly env: (name: string) => NodeJS.ProcessEnv;
}

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
}

export function botsOf({ program, config, dir, slack, listens, env }: BotsParts): Bots {
  const running = new Map<number, Running>();
  let ahead = 0;
  let count = 0;
  const ended: string[] = [];

  async function kill(index: number): Promise<void> {
    const found = running.get(index);
    running.delete(index);
    if (!found || found.child.exitCode !== null || found.child.signalCode !== null) return;
    const ended = new Promise((done) => found.child.once('exit', done));
    found.child.kill('SIGKILL');
    await ended;
  }

  return {
    async start(index) {
      await kill(index);
      count += 1;
      const name = `bot-${count}`;
      const child = fork(join(program, 'dist/chaos/bot-child.js'), [config, dir, String(ahead)], {
        cwd: program,
        env: { PATH: process.env['PATH'], ...env(name) },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      running.set(index, { name, child });
      const log = createWriteStream(join(dir, `${name}.log`));
      await new Promise<void>((up) => {
        for (const stream of [child.stdout, child.stderr])
          stream?.on('data', (text) => {
            log.write(text);
            const url = /"url":"([^"]+)".*firebreak is up/.exec(String(text))?.[1];
            if (url === undefined) return;
            listens(url);
            up();
          });
        child.once('exit', (code, signal) => {
          const how = String(code ?? signal);
          log.end(`ended: ${how}\n`);
          if (running.get(index)?.child === child) ended.push(`${name} ended by itself: ${how}`);
          up();
        });
      });
    },
    kill,
    async killAll() {
      await Promise.all([...running.keys()].map(kill));
    },
    signal(name, signal) {
      [...running.values()].find((bot) => bot.name === name)?.child.kill(signal);
    },
    ended: () => ended,
    undelivered: () => slack.unanswered(),
    now: () => new Date(Date.now() + ahead),
    advance(ms) {
      ahead += ms;
      // First Slack: what a lost request still does there is done before anybody looks for it.
      slack.advanceClock(ms);
      for (const { child } of running.values()) if (child.connected) child.send(ms, () => undefined);
    },
  };
}
