import type { Reasons } from "./coverageDocument.ts";

const THE_COMMAND = "runs in the command's own process, which the tests beside it start";
const THE_ENGINE = "runs in the engine's own thread, in every test of the local deployment";
const insideADeployment = (tests: string) => `runs inside of a local deployment: ${tests}`;
const THE_ADOPTION = insideADeployment("`tests/adoption.test.ts`");

/** An entry for a file stands before that of its folder. */
export const REASONS: Reasons = {
  "apps/cli/src/adopt/": "runs over a deployment with data: `tests/adoption.test.ts`",
  "apps/cli/src/relay/": "runs in the relay's own process: `tests/relay`",
  "apps/cli/src/credentials/readAccounts.ts": THE_COMMAND,
  "apps/cli/src/context.ts": THE_COMMAND,
  "apps/cli/src/main.ts": THE_COMMAND,
  "apps/dashboard/server/": "serves the page to a browser: `tests/dashboard`",
  "apps/dashboard/src/": "runs in a browser: `tests/dashboard`",
  "apps/pipeline/src/":
    "runs in a process of its own: `program.test.ts` beside it, `tests/demo.test.ts`, `tests/pipelinePrograms.test.ts`",
  "convex/accessTokens.ts": insideADeployment(
    "`tests/security.test.ts`, `tests/workloadIdentity.test.ts`",
  ),
  "convex/adoption.ts": THE_ADOPTION,
  "convex/model/adoption.ts": THE_ADOPTION,
  "convex/model/adoptionWalk.ts": THE_ADOPTION,
  "convex/model/identityTokens.ts": insideADeployment("`tests/workloadIdentity.test.ts`"),
  "convex/signingKeys.ts": insideADeployment("`tests/stolenKey.test.ts`"),
  "packages/client/src/manager/ConvexManager.ts":
    "its shutdown hooks and its one instance are tested in processes that end: `lifecycle.test.ts` beside it",
  "packages/client/src/outbox/delivery.ts":
    "types, and one list that only the fault runs read: `tests/chaos`",
  "packages/client/src/relay/RelayManager.ts": "runs in the relay's own process: `tests/relay`",
  "packages/local-deployment/src/cli/":
    "runs in a process of its own, which the tests of the local deployment start",
  "packages/local-deployment/src/documents/": THE_ENGINE,
  "packages/local-deployment/src/engine/": THE_ENGINE,
  "packages/local-deployment/src/officialSuite/":
    "needs a copy of Convex's own suite, which is not kept here; run by hand",
  "packages/local-deployment/src/push/":
    "runs in a thread of its own, in every test that pushes code",
  "packages/local-deployment/src/storage/blobPort.ts": THE_ENGINE,
  "packages/local-deployment/src/transport/syncServer.ts":
    "faults while a WebSocket opens, and a ping every 15 seconds: not tested beside it",
};
