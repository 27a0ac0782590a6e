/** Figures over the incidents that somebody may know of. */
import { type Figures, figures } from '../domain/figures.ts';
import type { Settings } from '../domain/settings.ts';
import { type CaseFilter, casesBetween } from '../store/figures.ts';
import type { Db } from '../store/store.ts';
import { type VisibilityPorts, visibleOf } from './visibility.ts';

export interface FiguresPorts extends Omit<VisibilityPorts, 'settings'> {
  readonly store: Db;
  readonly settings: Settings;
}

/** A private incident counts, and is left out, only for who may know that it exists. */
export async function figuresFor(ports: FiguresPorts, filter: CaseFilter, viewer: string): Promise<Figures> {
  const { store, settings } = ports;
  const visible = await visibleOf(await casesBetween(store, filter), viewer, ports);
  return figures(
    visible,
    settings.severities.map(({ name }) => name),
  );
}
