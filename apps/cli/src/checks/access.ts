import { readServiceAccountKey } from "@klipstream/client/keys";
import { z } from "zod";

import type { CliContext } from "../context.ts";
import { formatTime } from "../output/text.ts";
import { failed, type Finding, ok, warning } from "./diagnosis.ts";
import { type FunctionAnswer, probe, type ProbeCall, UNUSED_TWITCH_ID } from "./probe.ts";

/** There is no such video, so this proves the right to write and changes nothing. */
const WRITE = {
  kind: "mutation",
  path: "video:updateStatusByTwitchId",
  args: { twitchId: UNUSED_TWITCH_ID, status: "Queued" },
} as const;
const READ = { kind: "query", path: "video:statusCounts", args: {} } as const;

const exchangedSchema = z.object({ token: z.string(), keyExpiresAt: z.number().nullable() });

const AGAIN: Finding = failed("no answer to an authenticated call", "try again");

type Asked = { url: string; context: CliContext };

/** Whether the deployment accepts the credential, what it may do, and until when. */
export async function checkAccess(
  { url, apiKey }: { url: string; apiKey: string | undefined },
  context: CliContext,
): Promise<Finding> {
  const asked = { url, context };
  const key = apiKey === undefined ? null : readServiceAccountKey(apiKey);
  if (apiKey === undefined || key === null) return await checkToken(asked, apiKey ?? null);
  const exchange = {
    kind: "action",
    path: "accessTokens:exchange",
    args: { key: apiKey },
  } as const;
  const answer = await ask(asked, exchange);
  if (answer === null) return AGAIN;
  const exchanged = exchangedSchema.safeParse(answer.result === "value" ? answer.value : null);
  if (!exchanged.success) return describeRefusedExchange(answer, key.account);
  const { token, keyExpiresAt } = exchanged.data;
  const until =
    keyExpiresAt === null ? "the key has no end" : `the key ends ${formatTime(keyExpiresAt)}`;
  return await checkToken(asked, token, `; ${until}`);
}

async function checkToken(asked: Asked, token: string | null, until = ""): Promise<Finding> {
  const written = await ask(asked, { ...WRITE, token });
  if (written === null) return AGAIN;
  if (isLetIn(written)) return ok(`the deployment lets it write${until}`);
  const read = lacksScope(written) ? await ask(asked, { ...READ, token }) : null;
  if (read !== null && isLetIn(read))
    return warning(
      `the deployment lets it read, and nothing else${until}`,
      "a pipeline needs the scope videos:write: klipstream account set-scopes",
    );
  return describeRefusal(written);
}

async function ask(
  { url, context }: Asked,
  call: Omit<ProbeCall, "url">,
): Promise<FunctionAnswer | null> {
  const answered = await probe({ ...call, url }, context);
  return answered.kind === "answer" ? answered.answer : null;
}

function isLetIn(answer: FunctionAnswer): boolean {
  return (
    answer.result === "value" ||
    (answer.result === "refused" && answer.data.code === "VIDEO_NOT_FOUND")
  );
}

function lacksScope(answer: FunctionAnswer): boolean {
  return answer.result === "refused" && "scope" in answer.data;
}

function describeRefusedExchange(answer: FunctionAnswer, account: string): Finding {
  if (answer.result === "refused" && answer.data.code === "UNAUTHENTICATED")
    return failed(
      "the deployment does not accept this key: it is wrong or of another deployment, has expired or was revoked, or its account is disabled",
      `look at \`klipstream account show ${account}\`; a new one: klipstream key create ${account}`,
    );
  return failed(
    "the deployment cannot sign a token for this key",
    "look at `npx convex logs`; without a signing key: klipstream signing-key init",
  );
}

function describeRefusal(answer: FunctionAnswer): Finding {
  switch (answer.result) {
    case "unauthorized":
      return failed(
        `the deployment does not accept this token: ${answer.message}`,
        "get one of this deployment with `klipstream key exchange`; where it signed this one itself, compare its variables KLIPSTREAM_JWT_* (npx convex env list)",
      );
    case "refused":
      return failed(
        `the deployment refuses it: ${answer.data.message}`,
        "klipstream account show <name>, klipstream key create <name>",
      );
    default:
      return failed("the call failed", "look at `npx convex logs`");
  }
}
