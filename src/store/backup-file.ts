/**
 * The file of a backup: gzip over text. A line of JSON says what is in it; then come the rows of each table, as COPY
 * writes them, each table ended by a line `\.`; the last line counts them, with a checksum of all before it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { FirebreakError } from '../errors.ts';

/** What a file of this format begins with. */
export const FORMAT = 1;
/** No row of COPY's text format reads so. */
export const END_OF_TABLE = Buffer.from('\\.\n');

const Header = z.strictObject({
  firebreak_backup: z.literal(FORMAT),
  program: z.string(),
  made_at: z.iso.datetime(),
  /** Names of those that were applied to the store. */
  migrations: z.array(z.string()),
  /** Each after those that it refers to. */
  tables: z.array(z.strictObject({ name: z.string(), columns: z.array(z.string()) })),
  /** The last number that was given; null: none yet. */
  sequences: z.array(
    z.strictObject({ table: z.string(), column: z.string(), last: z.number().int().nullable() }),
  ),
});

const Trailer = z.strictObject({ rows: z.record(z.string(), z.number().int()), sha256: z.string() });

export type BackupHeader = Readonly<z.infer<typeof Header>>;
export type BackupTrailer = Readonly<z.infer<typeof Trailer>>;

export interface Checked {
  readonly header: BackupHeader;
  readonly rows: Readonly<Record<string, number>>;
}

/** Reads a whole file before anything is done with it. Throws BACKUP_BROKEN when it is cut, changed, or none. */
export async function checkBackup(file: string): Promise<Checked> {
  const sum = createHash('sha256');
  let header: BackupHeader | undefined;
  let last: Buffer | undefined;
  for await (const line of backupLines(file)) {
    header ??= parsed(Header, line) ?? refuse(file, 'it does not begin as a backup does');
    if (last) sum.update(last);
    last = line;
  }
  if (!header || !last) return refuse(file, 'it is empty');
  const { rows, sha256 } = parsed(Trailer, last) ?? refuse(file, 'its end is missing');
  if (sum.digest('hex') !== sha256) return refuse(file, 'its content is not what its checksum was made of');
  return { header, rows };
}

/** Its lines, each with its end. Throws BACKUP_BROKEN. */
export async function* backupLines(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file);
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  try {
    yield* linesOf(source.pipe(unpacked) as AsyncIterable<Buffer>);
  } catch (error) {
    if (!isOfZlib(error)) throw error;
    refuse(file, error.message);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      const line = chunk.subarray(from, end + 1);
      yield begun.length === 0 ? line : Buffer.concat([...begun, line]);
      begun = [];
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
}

function parsed<T>(schema: z.ZodType<T>, line: Buffer): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

function refuse(file: string, reason: string): never {
  throw new FirebreakError('BACKUP_BROKEN', { found: file, reason });
}

const isOfZlib = (error: unknown): error is { readonly message: string } =>
  String((error as { readonly code?: unknown } | null)?.code).startsWith('Z_');
