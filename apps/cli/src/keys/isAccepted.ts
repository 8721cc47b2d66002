import { BackendUnavailableError, CredentialsRefusedError } from "@klipstream/client";
import { mintToken } from "@klipstream/client/keys";

import { connectBackend } from "../backend/connectBackend.ts";
import { CliError } from "../cliError.ts";
import type { CliContext } from "../context.ts";
import type { Keyring, KeyringKey } from "./keyring.ts";

/** Any token's signature is checked before any function runs, so a public query will do; nothing has this ID. */
const NOBODYS_TWITCH_ID = "0";

/**
 * Whether the deployment takes a token that this key signed: the only proof that the key is published.
 *
 * @throws CliError when it cannot be asked.
 */
export async function isAccepted({
  key,
  keyring,
  context,
}: {
  key: KeyringKey;
  keyring: Keyring;
  context: CliContext;
}): Promise<boolean> {
  const token = await mintToken(
    {
      subject: "klipstream-rotation",
      scope: "videos:read",
      generation: 0,
      issuer: keyring.issuer,
      kid: key.kid,
      privateJwk: key.privateJwk,
    },
    { now: context.now(), lifetimeSeconds: 60 },
  );
  const { api } = connectBackend(context, () => Promise.resolve(token));
  try {
    await api.getVideoByTwitchId({ twitchId: NOBODYS_TWITCH_ID });
    return true;
  } catch (error) {
    if (error instanceof CredentialsRefusedError) return false;
    if (error instanceof BackendUnavailableError)
      throw new CliError(`whether the key is published cannot be known: ${error.message}`, {
        remedy: "see `klipstream doctor`",
        cause: error,
      });
    throw error;
  }
}
