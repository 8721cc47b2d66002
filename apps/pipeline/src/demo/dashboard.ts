import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The program that serves the built dashboard. A program, as one app does not import another. */
const PROGRAM = fileURLToPath(new URL("../../../dashboard/server/main.ts", import.meta.url));
const LOADER = ["--import", import.meta.resolve("tsx")];
const ADDRESS = /The dashboard is at (\S+)/;

export type Dashboard = { url: string; close(): Promise<void> };

/**
 * Serves the dashboard of a deployment on a free port.
 *
 * @param artifactUrl - Where its previews may fetch from.
 * @throws Error with what the program printed where it does not start: the page may not have been built.
 */
export async function startDashboard(
  deploymentUrl: string,
  artifactUrl: string,
): Promise<Dashboard> {
  const args = ["--deployment", deploymentUrl, "--artifacts", artifactUrl, "--port", "0"];
  const child = spawn(process.execPath, [...LOADER, PROGRAM, ...args], {
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = ADDRESS.exec(line)?.[1];
    if (url === undefined) continue;
    const close = async (): Promise<void> => {
      child.kill("SIGTERM");
      await closed;
    };
    return { url, close };
  }
  await closed;
  throw new Error(`The dashboard did not start. ${stderr.trim()}`);
}
