/** The explicit yes to copies that are larger than `snapshot.max_bytes`, or than the free disk bears. */
import { z } from 'zod';

/** As a step has it: `true`, or the `yes` of a runbook's parameter. Left out is no. */
export const largeInput = z.union([z.literal(true), z.literal('yes')]).optional();

/** Whether it was said. */
export const isLarge = (said: z.infer<typeof largeInput>): boolean => said !== undefined;
