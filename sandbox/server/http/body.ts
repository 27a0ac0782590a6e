/** Reading requests: JSON, forms and multipart, all as one record. */
import type { IncomingMessage } from 'node:http';
import type { Json } from '../model.ts';
import { ControlError } from '../refusal.ts';
import { isJson } from '../rules/blocks.ts';

const MAX_BYTES = 50_000_000;

/** The address that is asked for, with every part of it readable. */
export function addressOf(request: IncomingMessage): URL {
  try {
    const url = new URL(`http://localhost${request.url ?? '/'}`);
    decodeURIComponent(url.pathname);
    return url;
  } catch {
    throw new ControlError(400, 'wrong_address', 'the address cannot be read');
  }
}

export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BYTES) throw new ControlError(413, 'too_large', 'the body is larger than 50 MB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** The arguments of a call, from the address and from the body. */
export async function readArguments(request: IncomingMessage, url: URL): Promise<Json> {
  const bytes = await readBytes(request);
  return { ...Object.fromEntries(url.searchParams), ...(await parse(request, bytes)) };
}

async function parse(request: IncomingMessage, bytes: Buffer): Promise<Json> {
  const type = request.headers['content-type'] ?? '';
  if (bytes.length === 0) return {};
  if (type.startsWith('multipart/form-data')) return parseMultipart(type, bytes);
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
  }
  return parseJson(bytes);
}

function parseJson(bytes: Buffer): Json {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ControlError(400, 'invalid_json', 'the body is not JSON');
  }
  if (!isJson(value)) throw new ControlError(400, 'json_not_object', 'the body is not a JSON object');
  return value;
}

async function parseMultipart(type: string, bytes: Buffer): Promise<Json> {
  // The parts are ours and small: the streaming parser that is recommended instead would be a dependency more.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const read = new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  const form = await read.catch(() => {
    throw new ControlError(400, 'invalid_form_data', 'the parts of the body cannot be read');
  });
  const entries = await Promise.all(
    [...form].map(async ([name, value]) => [
      name,
      typeof value === 'string' ? value : Buffer.from(await value.arrayBuffer()),
    ]),
  );
  return Object.fromEntries(entries) as Json;
}

export function bearer(request: IncomingMessage, args: Json): string {
  const header = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return header ?? (typeof args['token'] === 'string' ? args['token'] : '');
}
