import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 5_000;
const MOST_AT_ONCE = 3;

/** Reads out what changed, in turns of some seconds: fifty changes a second must not be fifty sentences. */
export function Announcer({ changes }: { changes: readonly string[] }) {
  const [spoken, setSpoken] = useState("");
  const waiting = useRef<string[]>([]);
  useEffect(() => {
    waiting.current.push(...changes);
  }, [changes]);
  useEffect(() => {
    const timer = setInterval(() => {
      const said = waiting.current.splice(0);
      if (said.length === 0) return;
      const more = said.length - MOST_AT_ONCE;
      setSpoken(
        [...said.slice(-MOST_AT_ONCE), ...(more > 0 ? [`and ${more} more changes`] : [])].join(
          ". ",
        ),
      );
    }, PAUSE_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p role="status" aria-live="polite" className="sr-only">
      {spoken}
    </p>
  );
}
