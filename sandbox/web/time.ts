/** Times as a chat shows them. */

const dateOf = (ts: string): Date => new Date(Number(ts) * 1000);

export const timeOf = (ts: string): string =>
  dateOf(ts).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

export const exactly = (ts: string): string =>
  dateOf(ts).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'medium' });

export function dayOf(ts: string): string {
  const day = dateOf(ts);
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return 'Today';
  return day.toLocaleDateString(undefined, { weekday: 'long', month: 'long', day: 'numeric' });
}
