import type { RelayManager } from "@klipstream/client";

import type { RelayMetrics } from "./metrics.ts";
import type { PassThrough } from "./passThrough.ts";

/** What every route of the relay works with. */
export type Relay = {
  manager: RelayManager;
  /** How long a call waits for the backend's own answer at most, in ms. */
  waitMs: number;
  /** The token that every caller must send, or null where callers on this machine need none. */
  requiredToken: string | null;
  passThrough: PassThrough;
  metrics: RelayMetrics;
  /** The machine's clock, ms since the epoch. */
  now: () => number;
  /** Why it should get no calls now, or null. */
  notReady: () => string | null;
  /** Told of an error of the relay itself. */
  onFault: (error: unknown) => void;
};
