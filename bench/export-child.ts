/** Writes documents to files, one a process, and tells how long it took and how much memory. */
import { streamExport } from '../src/app/report.ts';
import { openSink } from '../src/cli/export.ts';
import { openStore } from '../src/store/store.ts';
import { rowsInTime } from '../src/store/timeline.ts';
import { answer } from './child.ts';
import type { Wanted, Written } from './export.ts';
import { peakMb } from './memory.ts';

answer({
  async write({ what, url, file }: Wanted) {
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
      const options = { format: what, generatedBy: 'bench', timezone: 'Europe/Berlin' };
      await streamExport(store, 1, options, write);
    }
    await end();
    const seconds = (performance.now() - started) / 1000;
    await store.close();
    return { seconds, peakMb: peakMb() } satisfies Written;
  },
});
