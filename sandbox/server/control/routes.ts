/** The control surface: which request does what. */
import {
  actionRoute,
  closeRoute,
  commandRoute,
  homeRoute,
  shortcutRoute,
  submitRoute,
  suggestionRoute,
} from './act.ts';
import type { Route } from './input.ts';
import {
  addChannelRoute,
  addGroupRoute,
  addMemberRoute,
  addUserRoute,
  archiveRoute,
  changeGroupRoute,
  changeUserRoute,
} from './people.ts';
import { stateRoute } from './state.ts';
import {
  addPinRoute,
  addReactionRoute,
  deleteRoute,
  editRoute,
  messageRoute,
  removePinRoute,
  removeReactionRoute,
} from './talk.ts';
import {
  callsRoute,
  clockRoute,
  deliveryRoute,
  endpointRoute,
  faultRoute,
  mendRoute,
  resetRoute,
} from './weather.ts';

const routes: Readonly<Record<string, Route>> = {
  'POST commands': commandRoute,
  'POST actions': actionRoute,
  'POST suggestions': suggestionRoute,
  'POST shortcuts': shortcutRoute,
  'POST views/submit': submitRoute,
  'POST views/close': closeRoute,
  'POST home': homeRoute,
  'POST messages': messageRoute,
  'PATCH messages/*/*': editRoute,
  'DELETE messages/*/*': deleteRoute,
  'POST reactions': addReactionRoute,
  'DELETE reactions': removeReactionRoute,
  'POST pins': addPinRoute,
  'DELETE pins': removePinRoute,
  'POST users': addUserRoute,
  'PATCH users': changeUserRoute,
  'POST usergroups': addGroupRoute,
  'PATCH usergroups': changeGroupRoute,
  'POST channels': addChannelRoute,
  'PATCH channels': archiveRoute,
  'POST members': addMemberRoute,
  'GET state': stateRoute,
  'GET calls': callsRoute,
  'POST faults': faultRoute,
  'DELETE faults': mendRoute,
  'POST deliveries': deliveryRoute,
  'PUT endpoint': endpointRoute,
  'POST clock': clockRoute,
  'POST reset': resetRoute,
};

/** Finds the route; only messages have a path of their own behind the word. */
export function findRoute(method: string, path: string): { route: Route; rest: string[] } | undefined {
  const [head = '', ...rest] = path.split('/').map(decodeURIComponent);
  const exact = routes[`${method} ${path}`];
  if (exact) return { route: exact, rest: [] };
  const pattern = routes[`${method} ${[head, ...rest.map(() => '*')].join('/')}`];
  return pattern && { route: pattern, rest };
}
