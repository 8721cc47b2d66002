import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import { type Browser, chromium } from "playwright-core";

/** What Debian, Ubuntu and Chrome's own packages call it. */
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

export const HOW_TO_INSTALL = "apt-get install -y chromium";

/** Where this machine has a Chromium, or null. */
export function findChromium(path = process.env["PATH"] ?? ""): string | null {
  const candidates = path
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

/** Starts the Chromium of this machine. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  // As root, in a container, Chromium's own sandbox cannot start; what it opens here are our own pages.
  return await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the next one may be.
    return false;
  }
}
