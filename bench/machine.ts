/** What a figure was measured on, as far as it explains the figure. */
import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reachableBinaries, unprivilegedAccount } from '../src/store/embedded/binaries.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly ram_gb: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
}

const GB = 1024 ** 3;

export async function thisMachine(): Promise<Machine> {
  const [first, ...others] = cpus();
  return {
    cores: others.length + 1,
    cpu: first?.model.trim() ?? 'unknown',
    ram_gb: Math.round(totalmem() / GB),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    postgres: await postgresVersion(),
  };
}

/** `18.4` of `postgres (PostgreSQL) 18.4` */
async function postgresVersion(): Promise<string> {
  const bin = await reachableBinaries(await unprivilegedAccount());
  const { stdout } = await promisify(execFile)(join(bin, 'postgres'), ['--version']);
  return stdout.trim().split(' ').at(-1) ?? 'unknown';
}

/** `2 cores (AMD EPYC), 24 GB, linux x64, Node 20.20.2, PostgreSQL 18.4` */
export const machineText = ({ cores, cpu, ram_gb, system, node, postgres }: Machine): string =>
  `${cores} cores (${cpu}), ${ram_gb} GB, ${system}, Node ${node}, PostgreSQL ${postgres}`;
