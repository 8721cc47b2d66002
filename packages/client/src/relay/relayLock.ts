import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import type { Setting } from "../config/configuration.ts";
import { ConfigurationError } from "../errors.ts";
import { toOutboxError } from "../outbox/sqlite/fileErrors.ts";
import { holdFileLock } from "../outbox/sqlite/fileLock.ts";
import { regularFile } from "../outbox/sqlite/regularFile.ts";

/**
 * Makes this process the only relay of an outbox file, under whatever name. Other managers may share the file.
 *
 * @returns What ends that.
 * @throws ConfigurationError where another relay has the file; OutboxUnwritableError.
 */
export function lockForRelay({ name, value }: Setting<string>): () => void {
  const release = takeRelayLock(value);
  if (release !== null) return release;
  throw new ConfigurationError(
    name,
    `another relay works on ${value}; give each relay an outbox file and a port of its own`,
  );
}

function takeRelayLock(outboxPath: string): (() => void) | null {
  try {
    const path = regularFile(outboxPath);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return holdFileLock(`${path}-relay-lock`);
  } catch (error) {
    throw toOutboxError(error, outboxPath);
  }
}
