import { mintToken, parseServiceAccountKey } from "@klipstream/client/keys";

import type { CliContext } from "../context.ts";
import type { TokenReport } from "../keys/tokenReport.ts";
import { failed, type Finding, ok, warning } from "./diagnosis.ts";
import { probe } from "./probe.ts";

/** Nothing has it, so a write to it proves the right to write and changes nothing. */
const NOBODYS_TWITCH_ID = "00000000000000000000";

const WRITE = {
  kind: "mutation",
  path: "video:updateStatusByTwitchId",
  args: { twitchId: NOBODYS_TWITCH_ID, status: "Queued" },
} as const;
const READ = { kind: "query", path: "video:statusCounts", args: {} } as const;

/** Whether the deployment takes the credential, for what it is there for. */
export async function checkAccess(
  { url, apiKey, report }: { url: string; apiKey: string | undefined; report: TokenReport | null },
  context: CliContext,
): Promise<Finding> {
  const mayWrite = report === null || (report.scope ?? "").split(" ").includes("videos:write");
  const token = await tokenOf(apiKey, context.now());
  const answered = await probe({ ...(mayWrite ? WRITE : READ), url, token }, context);
  if (answered.kind !== "answer") return failed("no answer to an authenticated call", "try again");
  const { answer } = answered;
  if (answer.result === "unauthorized")
    return failed(
      `the deployment does not accept this token: ${answer.message}`,
      "compare `klipstream token inspect` with the deployment's KLIPSTREAM_JWT_ISSUER and KLIPSTREAM_JWT_JWKS (npx convex env list)",
    );
  if (answer.result === "error")
    return failed(`the call failed: ${answer.message}`, "look at `npx convex logs`");
  if (answer.result === "refused" && answer.data.code !== "VIDEO_NOT_FOUND")
    return failed(
      `the deployment refuses it: ${answer.data.message}`,
      "klipstream token create-key <name>, and set CONVEX_API_KEY to it",
    );
  return mayWrite
    ? ok("the deployment lets it write")
    : warning(
        "the deployment lets it read, and nothing else",
        "a pipeline needs the scope videos:write",
      );
}

async function tokenOf(apiKey: string | undefined, now: number): Promise<string | null> {
  if (apiKey === undefined) return null;
  if (!apiKey.startsWith("klipstream_sa_")) return apiKey;
  return await mintToken(parseServiceAccountKey(apiKey), { now });
}
