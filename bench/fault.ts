/** A real fault: how it is made, and what ought to be said of it. One file a fault in `faults/`, named as the fault. */
import type { Sighting } from '../src/domain/record.ts';
import { loadFolder } from '../src/load-folder.ts';
import type { Ground, GroundOptions } from './ground.ts';

export interface Expected {
  /** What the first proposal has to say. */
  readonly says: RegExp;
  readonly sqlstate?: string;
  readonly table?: string;
  /** The migration that is to blame; undefined: none may be named. */
  readonly migration?: string;
  /** Whom it comes from: said at first, or soon after. */
  readonly culprit?: RegExp;
  /** Besides, what may follow from it; a proposal that says something else is a false one. */
  readonly follows?: RegExp;
}

export interface Fault extends Omit<GroundOptions, 'seed'> {
  readonly name: string;
  /** Why it cannot be made on this machine; undefined when it can. */
  readonly impossible?: () => Promise<string | undefined>;
  /** What is there before anybody looks, and is healthy. */
  readonly prepare?: (ground: Ground) => Promise<void>;
  /** Resolves once its first effect is there; it lasts until the ground is closed, or until it is undone. */
  readonly make: (ground: Ground) => Promise<void>;
  /** What the ground cannot be closed without. */
  readonly undo?: (ground: Ground) => Promise<void>;
  readonly expects: Expected;
}

/** Declares a fault. */
export const defineFault = (fault: Fault): Fault => fault;

/** All of them, by name. */
export const loadFaults = (): Promise<readonly Fault[]> =>
  loadFolder<Fault>(new URL('./faults/', import.meta.url), ({ name }) => name);

/** Everything that a proposal says, as one text. */
export const textOf = ({ sqlstate, error, relations, migration }: Sighting): string =>
  [sqlstate, error, ...relations, migration?.name].filter((part) => part !== undefined).join(' ');
