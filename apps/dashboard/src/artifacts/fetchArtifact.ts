import { linkOf } from "./artifactLink.ts";

/** A preview of more would hold the browser up. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Why an artifact is not shown, in words for people. */
export class PreviewError extends Error {
  override readonly name = "PreviewError";
}

/**
 * Fetches the text of an artifact.
 *
 * @throws PreviewError where it cannot be fetched, says that it is not there, or is larger than 64 MiB.
 */
export async function fetchArtifact(url: string, signal: AbortSignal): Promise<string> {
  const link = linkOf(url);
  if (link.kind === "store")
    throw new PreviewError(
      "A browser cannot fetch from this store. Its own tools can: copy the address.",
    );
  if (link.kind === "refused")
    throw new PreviewError("This address is not of an allowed kind, and is not fetched.");
  const response = await get(link.href, signal);
  if (!response.ok)
    throw new PreviewError(
      `Its host answers ${response.status}: it may have been moved or deleted.`,
    );
  return await readText(response);
}

async function get(href: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(href, { signal, credentials: "omit", referrerPolicy: "no-referrer" });
  } catch (cause) {
    signal.throwIfAborted();
    throw new PreviewError(
      "Its host cannot be reached, or does not let this page read it (CORS, Content-Security-Policy). The link may still work.",
      { cause },
    );
  }
}

async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  const reader = body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part?.value === undefined) return text + decoder.decode();
    size += part.value.byteLength;
    if (size > MAX_BYTES) {
      await reader?.cancel();
      throw new PreviewError("It is larger than 64 MiB, too large for a preview. Open the link.");
    }
    text += decoder.decode(part.value, { stream: true });
  }
}
