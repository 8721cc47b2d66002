/** Serves the built dashboard for a deployment: `npx pnpm@12 dashboard`. */
import { Command } from "@commander-js/extra-typings";

import { servePage } from "./servePage.ts";

const {
  deployment: deploymentUrl,
  port,
  artifacts,
} = new Command("dashboard")
  .description("Serve the built dashboard on this machine, for a deployment.")
  .requiredOption("--deployment <url>", "the deployment's address", process.env["CONVEX_URL"])
  .option("--port <number>", "the port to listen on; 0 for any", Number, 4173)
  .option("--artifacts <origin>", "where previews may fetch from; repeatable", collect, [])
  .parse()
  .opts();

function collect(origin: string, origins: string[]): string[] {
  return [...origins, origin];
}

try {
  const server = await servePage({
    deploymentUrl,
    port,
    ...(artifacts.length > 0 && { artifactOrigins: artifacts }),
  });
  process.stdout.write(`The dashboard is at ${server.url}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void server.close());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
