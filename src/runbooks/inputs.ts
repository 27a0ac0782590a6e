/** Kinds of input that several step kinds take. */
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';

/** `30s`, `5m`, `2h`, as milliseconds. */
export const durationInput = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'a duration, for example 30s, 5m or 2h')
  .transform((text) => parseDuration(text) ?? 0);

/** An address of HTTP, whole and written in the file: a parameter may choose one of a list, and never be a part of one. */
export const webAddress = z.url({ protocol: /^https?$/, error: 'an address of http or https, written here' });
