import type { RelayManager } from "@klipstream/client";
import { Gauge, Histogram, Registry } from "prom-client";

/** What the relay tells Prometheus. */
export type RelayMetrics = {
  /** The text of `/metrics`. */
  text: () => Promise<string>;
  contentType: string;
  /** Counts a request, and how long it took in seconds. */
  observe: (request: { route: string; httpStatus: number }, seconds: number) => void;
};

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/**
 * The metrics of a relay. The outbox's books are read when they are asked for, so that they balance in every answer:
 * accepted = acknowledged + pending + dead letters.
 *
 * @param now - The machine's clock, ms since the epoch.
 */
export function createMetrics(manager: RelayManager, now: () => number): RelayMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `klipstream_outbox_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  // Read once for each answer: the books of one moment.
  let stats = manager.stats();
  new Gauge({
    name: "klipstream_backend_state",
    help: "The way to the backend: 1 for the state that it is in",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      this.set({ state: manager.backendState }, 1);
    },
  });
  gauge("accepted", "Updates accepted since the outbox file was made", () => stats.accepted);
  gauge("acknowledged", "Of those, acknowledged by the backend", () => stats.acknowledged);
  gauge("pending", "Of those, waiting to be delivered", () => stats.pending);
  gauge("dead_letters", "Of those, refused for good, and kept", () => stats.deadLettered);
  gauge("oldest_pending_age_seconds", "Age of the oldest that waits; 0 without one", () =>
    stats.oldestAcceptedAt === null ? 0 : Math.max(0, now() - stats.oldestAcceptedAt) / 1000,
  );
  const duration = new Histogram({
    name: "klipstream_relay_request_duration_seconds",
    help: "How long requests took, by function or route",
    labelNames: ["route", "status"],
    buckets: SECONDS,
    registers,
  });
  return {
    text: () => {
      stats = manager.stats();
      return registry.metrics();
    },
    contentType: registry.contentType,
    observe: ({ route, httpStatus }, seconds) =>
      duration.observe({ route, status: String(httpStatus) }, seconds),
  };
}
