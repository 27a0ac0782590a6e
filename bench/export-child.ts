/** Writes one document to a file and tells its parent how long it took and how much memory. */
import { stat } from 'node:fs/promises';
import { streamExport } from '../src/app/report.ts';
import { openSink } from '../src/cli/export.ts';
import { openStore } from '../src/store/store.ts';
import { rowsInTime } from '../src/store/timeline.ts';
import type { Written } from './export.ts';

const [, , what = '', url = '', file = ''] = process.argv;
const MB = 1024 * 1024;

const store = openStore(url);
await store.ready();
const before = process.memoryUsage().rss;
let peak = before;
const look = (): void => void (peak = Math.max(peak, process.memoryUsage().rss));
const watching = setInterval(look, 20);
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
look();
const seconds = (performance.now() - started) / 1000;
clearInterval(watching);
await store.close();
const { size } = await stat(file);
const written: Written = { seconds, peakMb: (peak - before) / MB, sizeMb: size / MB };
process.send?.(written);
process.disconnect();
