/** How large this process has been. */
import { existsSync, readFileSync } from 'node:fs';

const STATUS = '/proc/self/status';

/** The peak in MB. What `resourceUsage` says is, on Linux, never less than what the parent was when it forked. */
export function peakMb(): number {
  const own = existsSync(STATUS) ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(STATUS, 'utf8'))?.[1] : undefined;
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) / 1024;
}
