import {
  jwksDataUri,
  kidOfPrivateVariable,
  type PublicJwk,
  readJwksDataUri,
  type SigningKey,
} from "@klipstream/client/keys";
import { formatDuration } from "@klipstream/contract";

import { CliError } from "../command/cliError.ts";
import type { Variables } from "../deployment/adminClient.ts";

const JWKS = "KLIPSTREAM_JWT_JWKS";
const PRIVATE_KEY = "KLIPSTREAM_JWT_PRIVATE_KEY";
const NEXT_PRIVATE_KEY = "KLIPSTREAM_JWT_NEXT_PRIVATE_KEY";

/**
 * The steps of a rotation, in their order. A deployment is at rest (one key published, which signs), then published (two keys
 * published, the old one signs), then signing (two keys published, the new one signs), then at rest again.
 */
export const ROTATION_STEPS = ["publish", "sign", "retire"] as const;
export type RotationStep = (typeof ROTATION_STEPS)[number];

/** The signing keys of a deployment, as its variables say. */
export type SigningState = {
  published: readonly PublicJwk[];
  /** The key that signs; null where there is none that can be read. */
  signs: string | null;
  /** The key that signs next. */
  next: string | null;
};

/** What a step changes. */
export type StepPlan = {
  variables: Record<string, string | null>;
  /** The key that the step is about. */
  kid: string;
};

export function readSigningState(variables: Variables): SigningState {
  return {
    published: readJwksDataUri(variables[JWKS] ?? ""),
    signs: kidOfPrivateVariable(variables[PRIVATE_KEY] ?? ""),
    next: kidOfPrivateVariable(variables[NEXT_PRIVATE_KEY] ?? ""),
  };
}

/**
 * Publishes a new key beside the one that signs. It replaces a next key that never signed.
 *
 * @throws CliError while the last rotation is not finished.
 */
export function planPublish(variables: Variables, made: SigningKey): StepPlan {
  const state = readSigningState(variables);
  const current = currentOf(state);
  if (previousOf(state) !== undefined)
    throw tooEarly(
      "the last rotation is not done: the previous key is still published",
      "klipstream signing-key rotate retire",
    );
  return {
    kid: made.kid,
    variables: {
      [JWKS]: jwksDataUri([current, made.publicJwk]),
      [NEXT_PRIVATE_KEY]: made.privateVariable,
    },
  };
}

/**
 * Lets the next key sign.
 *
 * @param isAccepted - Whether the deployment takes a token that it signed with its next key.
 * @throws CliError where there is no next key, or it is not accepted: every token that it signs would be refused.
 */
export async function planSign(
  variables: Variables,
  isAccepted: () => Promise<boolean>,
): Promise<StepPlan> {
  const { next } = readSigningState(variables);
  const content = variables[NEXT_PRIVATE_KEY];
  if (next === null || content === undefined)
    throw tooEarly("there is no next key", "klipstream signing-key rotate publish");
  if (!(await isAccepted()))
    throw tooEarly(
      "the deployment does not accept the next key: every token that it signs would be refused",
      "klipstream signing-key rotate publish",
    );
  return { kid: next, variables: { [PRIVATE_KEY]: content, [NEXT_PRIVATE_KEY]: null } };
}

/**
 * Removes the previous key.
 *
 * @param msLeft - For how long a token that it signed can still be valid, in ms.
 * @throws CliError where there is no previous key, or where such a token can still be valid.
 */
export function planRetire(variables: Variables, msLeft: number): StepPlan {
  const state = readSigningState(variables);
  const current = currentOf(state);
  const previous = previousOf(state);
  if (previous === undefined)
    throw tooEarly(
      "there is no previous key to retire",
      `klipstream signing-key rotate ${state.next === null ? "publish" : "sign"}`,
    );
  if (msLeft > 0)
    throw tooEarly(
      `tokens that the previous key signed live for ${formatDuration(msLeft)} yet`,
      "wait for that long",
    );
  return { kid: previous.kid, variables: { [JWKS]: jwksDataUri([current]) } };
}

function currentOf({ published, signs }: SigningState): PublicJwk {
  const current = published.find(({ kid }) => kid === signs);
  if (current !== undefined) return current;
  throw tooEarly(
    signs === null
      ? "the deployment has no signing key"
      : `the key that signs is not among those that ${JWKS} publishes`,
    signs === null ? "klipstream signing-key init" : `mend ${JWKS}, or see SECURITY.md`,
  );
}

/** A key that is published, but does not sign and is not the next one. */
function previousOf({ published, signs, next }: SigningState): PublicJwk | undefined {
  return published.find(({ kid }) => kid !== signs && kid !== next);
}

function tooEarly(message: string, first: string): CliError {
  return new CliError(message, { remedy: `first: ${first}` });
}
