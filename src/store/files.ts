/** Files of captured messages: digests, and the bytes of images. They leave this table for nobody. */
import type { FileFacts, HeldFile } from '../domain/capture.ts';
import { storable } from '../domain/storable.ts';
import type { MessageKey } from './messages.ts';
import type { Db } from './store.ts';

/** What is still to be read. */
export interface OpenFile extends MessageKey, FileFacts {
  readonly attempts: number;
}

export async function expectFiles(
  tx: Db,
  { channel, ts }: MessageKey,
  files: readonly FileFacts[],
): Promise<void> {
  for (const { id, name, type, size } of files) {
    await tx.query(
      `insert into stored_files (channel_id, ts, file_id, name, type, size)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (channel_id, ts, file_id) do nothing`,
      [channel, ts, id, storable(name), storable(type), size],
    );
  }
}

export async function openFiles(db: Db, now: Date): Promise<readonly OpenFile[]> {
  const { rows } = await db.query<{
    channel_id: string;
    ts: string;
    file_id: string;
    name: string;
    type: string;
    size: number;
    attempts: number;
  }>(
    `select channel_id, ts, file_id, name, type, size, attempts
       from stored_files
      where read_at is null and (not_before is null or not_before <= $1)
      order by ts, file_id
      limit 20`,
    [now],
  );
  return rows.map(({ channel_id: channel, file_id: id, ...row }) => ({ channel, id, ...row }));
}

/** What came of reading it. */
export interface ReadFile {
  readonly sha256?: string;
  readonly bytes?: Uint8Array;
  readonly problem?: string;
}

export async function saveFile(
  tx: Db,
  { channel, ts, id }: OpenFile,
  { sha256, bytes, problem }: ReadFile,
  at: Date,
): Promise<void> {
  await tx.query(
    `update stored_files
        set sha256 = $4, bytes = $5, problem = $6, read_at = $7
      where channel_id = $1 and ts = $2 and file_id = $3 and read_at is null`,
    [channel, ts, id, sha256, bytes && Buffer.from(bytes), problem, at],
  );
}

export async function retryFile(db: Db, { channel, ts, id }: OpenFile, notBefore: Date): Promise<void> {
  await db.query(
    `update stored_files set attempts = attempts + 1, not_before = $4
      where channel_id = $1 and ts = $2 and file_id = $3`,
    [channel, ts, id, notBefore],
  );
}

/** Those of a message that were read, or that never will be. */
export async function heldFilesOf(db: Db, { channel, ts }: MessageKey): Promise<readonly HeldFile[]> {
  const { rows } = await db.query<{
    id: string;
    name: string;
    type: string;
    size: number;
    sha256: string | null;
    problem: string | null;
    at: Date;
  }>(
    `select file_id as id, name, type, size, sha256, problem, read_at as at
       from stored_files
      where channel_id = $1 and ts = $2 and read_at is not null
      order by file_id`,
    [channel, ts],
  );
  return rows.map(({ sha256, problem, ...file }) => ({
    ...file,
    ...(sha256 === null ? {} : { sha256 }),
    ...(problem === null ? {} : { problem }),
  }));
}
