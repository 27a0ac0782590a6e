/** Lets Bolt and the Web API client write into our log; their debug lines hold tokens and bodies, and are dropped. */
import { type Logger as BoltLogger, LogLevel } from '@slack/bolt';
import type { Logger } from '../log.ts';

export function boltLogger(log: Logger): BoltLogger {
  const write =
    (level: 'info' | 'warn' | 'error') =>
    (...said: unknown[]): void =>
      log[level]({ said: said.map(String).join(' ').slice(0, 1000) }, 'Slack library');
  return {
    debug: () => undefined,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
