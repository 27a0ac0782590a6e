/** What leaves for the app, disturbed on demand: delivered twice, late, out of order, or after a refresh. */
import type { Clock } from '../clock.ts';
import type { Delivery, Disturbance } from './envelope.ts';

export interface Outbound {
  send(delivery: Delivery): void;
  /** Applies to the next `times` deliveries. */
  disturb(disturbance: Disturbance, times: number): void;
  reset(): void;
}

/** `transport` sends a delivery through Socket Mode or HTTP. */
export function createOutbound(transport: (delivery: Delivery) => void, clock: Clock): Outbound {
  const queue: Disturbance[] = [];
  let held: { delivery: Delivery; cancel: () => void } | undefined;

  const release = () => {
    if (!held) return;
    const { delivery, cancel } = held;
    held = undefined;
    cancel();
    transport(delivery);
  };

  const send = (delivery: Delivery) => {
    const disturbance = held ? undefined : queue.shift();
    switch (disturbance?.kind) {
      case undefined:
        transport(delivery);
        release();
        return;
      case 'duplicate':
        transport(delivery);
        transport(withoutAnswer(delivery));
        return;
      case 'delay':
        clock.after(disturbance.ms, () => transport(delivery));
        return;
      case 'reorder':
        held = { delivery, cancel: clock.after(disturbance.ms, release) };
    }
  };

  return {
    send,
    disturb(disturbance, times) {
      for (let count = 0; count < times; count += 1) queue.push(disturbance);
    },
    reset() {
      queue.length = 0;
      release();
    },
  };
}

/** The second copy: the person who acted waits for the first one only. */
function withoutAnswer({ type, payload, acceptsPayload }: Delivery): Delivery {
  return { type, payload, acceptsPayload };
}
