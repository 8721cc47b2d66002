import type { CliContext } from "../context.ts";
import { failed, type Finding, ok } from "./diagnosis.ts";
import { probe, type ProbeCall } from "./probe.ts";

const NO_TWITCH_ID = "none";
const META = {
  updateId: "doctor",
  occurredAt: 0,
  run: { id: "doctor", startedAt: 0 },
  reason: "doctor",
};
const PAGE = { numItems: 1, cursor: null };

/**
 * One call of each public function, with every argument that this version knows. Each refuses the values, so nothing changes.
 * A refusal in the contract's words shows that the function is there, in this version.
 */
const CALLS: readonly Omit<ProbeCall, "url">[] = [
  { kind: "query", path: "video:getByTwitchIdPublic", args: { twitchId: NO_TWITCH_ID } },
  {
    kind: "mutation",
    path: "video:updateStatus",
    args: { id: NO_TWITCH_ID, status: "none", ...META },
  },
  {
    kind: "mutation",
    path: "video:updateStatusByTwitchId",
    args: { twitchId: NO_TWITCH_ID, status: "none", ...META },
  },
  {
    kind: "mutation",
    path: "video:updateUrls",
    args: { twitchId: NO_TWITCH_ID, urls: { chatUrl: "none" }, ...META },
  },
  { kind: "mutation", path: "video:recordUpdates", args: { updates: [], createMissing: false } },
  { kind: "mutation", path: "video:create", args: { twitchId: NO_TWITCH_ID, title: "none" } },
  { kind: "mutation", path: "video:rollbackStatus", args: { twitchId: NO_TWITCH_ID, ...META } },
  {
    kind: "mutation",
    path: "video:reportProgress",
    args: { twitchId: NO_TWITCH_ID, percent: 0, message: "none", run: META.run },
  },
  { kind: "mutation", path: "video:removeScratch", args: { twitchId: NO_TWITCH_ID } },
  {
    kind: "query",
    path: "video:list",
    args: { status: "none", stalledOnly: true, paginationOpts: PAGE },
  },
  { kind: "query", path: "video:get", args: { twitchId: NO_TWITCH_ID } },
  {
    kind: "query",
    path: "video:history",
    args: { twitchId: NO_TWITCH_ID, paginationOpts: PAGE },
  },
  { kind: "query", path: "video:progressOf", args: { videoIds: [] } },
  { kind: "query", path: "video:statusCounts", args: {} },
  { kind: "action", path: "accessTokens:exchange", args: { key: "none" } },
  { kind: "action", path: "accessTokens:exchangeIdentity", args: { identityToken: "none" } },
];

const DEPLOY = "npx convex deploy (from this version of the project)";

export type FunctionsFinding = {
  finding: Finding;
  /** Whether the deployment accepts updates from callers without a token. */
  anonymousAllowed: boolean;
};

/** Whether the deployment has every function, in this version. */
export async function checkFunctions(url: string, context: CliContext): Promise<FunctionsFinding> {
  const probes = await Promise.all(
    CALLS.map(async (call) => ({ path: call.path, probe: await probe({ ...call, url }, context) })),
  );
  const lost = probes.find(({ probe: one }) => one.kind !== "answer");
  if (lost !== undefined)
    return {
      finding: failed(
        `${lost.path} got no answer`,
        "try again; the deployment does not answer every call",
      ),
      anonymousAllowed: false,
    };
  const missing = probes.flatMap(({ path, probe: one }) =>
    one.kind === "answer" && one.answer.result !== "value" && one.answer.result !== "refused"
      ? [path]
      : [],
  );
  const write = probes.find(({ path }) => path === "video:updateStatusByTwitchId")?.probe;
  const anonymousAllowed =
    write?.kind === "answer" &&
    write.answer.result === "refused" &&
    write.answer.data.code === "INVALID_ARGUMENT";
  return { finding: describe(missing), anonymousAllowed };
}

function describe(missing: readonly string[]): Finding {
  if (missing.length === 0) return ok(`all ${CALLS.length} functions, in this version`);
  if (missing.length === CALLS.length)
    return failed("nothing of this project is deployed there", DEPLOY);
  return failed(
    `an older version is deployed: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing or different`,
    DEPLOY,
  );
}
