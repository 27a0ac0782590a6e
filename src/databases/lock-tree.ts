/** Who stands at the root of a queue for locks, and how many stand behind whom. */

export interface Waiter {
  readonly pid: number;
  /** 0 is a prepared transaction: it has no session. */
  readonly blocked_by: readonly number[];
  readonly waiting_s: number;
}

export interface Branch {
  readonly pid: number;
  /** How many sessions wait for it, also through others. */
  readonly behind: number;
  /** Seconds that the oldest of them has been waiting. */
  readonly longest_s: number;
}

/** Those who hold others up and wait for nobody, the one with the longest queue first. */
export function rootsOf(waiters: readonly Waiter[]): Branch[] {
  const waiting = new Set(waiters.map(({ pid }) => pid));
  const blocking = [...new Set(waiters.flatMap((it) => it.blocked_by))];
  const roots = blocking.filter((pid) => !waiting.has(pid));
  // In a circle all wait for each other, until the server breaks the deadlock.
  return (roots.length > 0 ? roots : blocking).map((pid) => branch(pid, waiters)).sort(byQueue);
}

/** Those who wait themselves and hold others up, the one with the longest queue first. */
export const inBetween = (waiters: readonly Waiter[]): Branch[] =>
  waiters
    .map(({ pid }) => branch(pid, waiters))
    .filter(({ behind }) => behind > 0)
    .sort(byQueue);

const byQueue = (a: Branch, b: Branch): number => b.behind - a.behind || b.longest_s - a.longest_s;

function branch(pid: number, waiters: readonly Waiter[]): Branch {
  const reached = new Set([pid]);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const it of waiters) if (it.blocked_by.some((other) => reached.has(other))) reached.add(it.pid);
  }
  reached.delete(pid);
  const behind = waiters.filter((it) => reached.has(it.pid));
  return { pid, behind: behind.length, longest_s: Math.max(0, ...behind.map((it) => it.waiting_s)) };
}
