import { useEffect, useState } from "react";

import { fetchArtifact, PreviewError } from "./fetchArtifact.ts";

export type Artifact<T> =
  | { kind: "absent" }
  | { kind: "loading" }
  | { kind: "failed"; why: string }
  | { kind: "ready"; content: T };

/**
 * Fetches an artifact and reads it.
 *
 * @param parse - Throws where the content is not what it should be. Has to be the same function each time.
 */
export function useArtifact<T>(url: string | undefined, parse: (text: string) => T): Artifact<T> {
  const [loaded, setLoaded] = useState<{ url: string; artifact: Artifact<T> } | null>(null);
  useEffect(() => {
    if (url === undefined) return;
    const stop = new AbortController();
    const show = (artifact: Artifact<T>) => {
      if (!stop.signal.aborted) setLoaded({ url, artifact });
    };
    load(url, parse, stop.signal).then(show, (error: unknown) =>
      show({ kind: "failed", why: String(error) }),
    );
    return () => stop.abort();
  }, [url, parse]);
  if (url === undefined) return { kind: "absent" };
  return loaded?.url === url ? loaded.artifact : { kind: "loading" };
}

async function load<T>(
  url: string,
  parse: (text: string) => T,
  signal: AbortSignal,
): Promise<Artifact<T>> {
  try {
    return { kind: "ready", content: parse(await fetchArtifact(url, signal)) };
  } catch (error) {
    const why =
      error instanceof PreviewError
        ? error.message
        : "Its content is not what a file of this kind holds.";
    return { kind: "failed", why };
  }
}
