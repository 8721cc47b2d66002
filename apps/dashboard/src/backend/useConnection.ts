import { useConvexConnectionState } from "convex/react";
import { useEffect, useState } from "react";

export type Connection =
  | { kind: "connecting" }
  | { kind: "live" }
  /** `since` is when the data on the page was last known to be current. */
  | { kind: "offline"; since: number; hasData: boolean };

/** The socket is opened anew now and then; only what lasts longer is worth a word. */
const PATIENCE_MS = 1_500;

/** Whether what the page shows is live. */
export function useConnection(): Connection {
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  const [lostAt, setLostAt] = useState<number | null>(null);
  useEffect(() => {
    if (isWebSocketConnected) return;
    const lost = Date.now();
    const timer = setTimeout(() => setLostAt(lost), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLostAt(null);
    };
  }, [isWebSocketConnected]);
  if (lostAt !== null) return { kind: "offline", since: lostAt, hasData: hasEverConnected };
  return hasEverConnected ? { kind: "live" } : { kind: "connecting" };
}
