/** Whether an error of the store says that it is away for now, rather than that it, or our way to it, is wrong. */

/** It starts or stops, has no connection or no disk space left, or is a standby that is about to be promoted. */
const STATES = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53100',
  '53300',
  '25006',
  '08000',
  '08001',
  '08003',
  '08006',
]);
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

/** Whether nothing was asked of the store: no connection was made. Else what was asked may have been done. */
export function neverReached(error: unknown): boolean {
  const { code, syscall, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return (
    code === 'ECONNREFUSED' ||
    syscall === 'connect' ||
    syscall === 'getaddrinfo' ||
    // Several addresses of one host were tried.
    error instanceof AggregateError ||
    /timeout exceeded when trying to connect|connection timeout/.test(message)
  );
}

export function isAway(error: unknown): boolean {
  const { code = '', syscall, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  // A server that is stopped takes its Unix socket away.
  const noSocket = code === 'ENOENT' && syscall === 'connect';
  return (
    STATES.has(code) ||
    SYSTEM.has(code) ||
    noSocket ||
    /timeout|Connection terminated|connection error/.test(message)
  );
}
