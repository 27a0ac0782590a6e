/** Writes one document to a file and tells its parent how long it took and how much memory. */
import { streamExport } from '../src/app/report.ts';
import { openSink } from '../src/cli/export.ts';
import { openStore } from '../src/store/store.ts';
import { rowsInTime } from '../src/store/timeline.ts';
import type { Written } from './export.ts';

const [, , what = '', url = '', file = ''] = process.argv;

const store = openStore(url);
await store.ready();
const started = performance.now();
const { write, end } = await openSink(file);
if (what === 'plain') {
  await store.transaction(async (tx) => {
    for await (const { seq, at, actor, text } of rowsInTime(tx, 1))
      await write(`${seq} ${at.toISOString()} ${actor} ${text ?? ''}\n`);
  });
} else {
  await streamExport(
    store,
    1,
    { format: what as 'md' | 'json', generatedBy: 'bench', timezone: 'Europe/Berlin' },
    write,
  );
}
await end();
const seconds = (performance.now() - started) / 1000;
await store.close();
// Kilobytes, whatever the system calls them.
process.send?.({ seconds, peakMb: process.resourceUsage().maxRSS / 1024 } satisfies Written);
process.disconnect();
