import { CliError } from "../cliError.ts";
import { formatTime } from "../output/text.ts";
import { type Keyring, type KeyringKey, keyOf } from "./keyring.ts";

/**
 * The steps of a rotation, in their order. A keyring is either at rest (one `current` key) or in a rotation:
 * published (`current`, `next`), then signing (`previous`, `current`), then at rest again.
 */
export const ROTATION_STEPS = ["publish", "sign", "retire"] as const;
export type RotationStep = (typeof ROTATION_STEPS)[number];

/**
 * Adds the next key to those that the deployment shall accept. A keyring that has one keeps it.
 *
 * @throws CliError while the rotation before is not done.
 */
export function planPublish(keyring: Keyring, made: KeyringKey): Keyring {
  if (keyOf(keyring, "previous") !== undefined)
    throw unsafe(
      "the rotation before is not done: the previous key is still accepted",
      "klipstream token rotate retire",
    );
  return keyOf(keyring, "next") === undefined
    ? { ...keyring, keys: [...keyring.keys, made] }
    : keyring;
}

/**
 * Lets the next key sign.
 *
 * @param isAccepted - Whether the deployment takes a token that this key signed.
 * @throws CliError when there is no next key, or the deployment does not accept it yet: its tokens would be refused.
 */
export async function planSign(
  keyring: Keyring,
  isAccepted: (key: KeyringKey) => Promise<boolean>,
): Promise<Keyring> {
  const next = keyOf(keyring, "next");
  if (next === undefined)
    throw unsafe("there is no next key", "klipstream token rotate publish | sh");
  if (!(await isAccepted(next)))
    throw unsafe(
      "the deployment does not accept the next key yet: whatever it signs would be refused",
      "klipstream token rotate publish | sh",
    );
  const roles: Record<KeyringKey["role"], KeyringKey["role"]> = {
    current: "previous",
    next: "current",
    previous: "previous",
  };
  return { ...keyring, keys: keyring.keys.map((key) => ({ ...key, role: roles[key.role] })) };
}

/**
 * Takes the previous key away.
 *
 * @param now - Ms since the epoch.
 * @throws CliError when there is none, or a service account has no newer key: its pipeline would be locked out.
 */
export function planRetire(keyring: Keyring, now: number): Keyring {
  const previous = keyOf(keyring, "previous");
  if (previous === undefined)
    throw unsafe(
      "there is no previous key to retire",
      keyOf(keyring, "next") === undefined
        ? "klipstream token rotate publish | sh"
        : "klipstream token rotate sign",
    );
  const holders = keyring.accounts.filter(
    ({ kid, expiresAt }) => kid === previous.kid && (expiresAt === null || expiresAt > now),
  );
  if (holders.length > 0)
    throw unsafe(
      `these service accounts still hold a key of ${formatTime(previous.createdAt)}: ${holders.map(({ subject }) => subject).join(", ")}`,
      "give each a new one with `klipstream token create-key`, or withdraw it with `klipstream token revoke`",
    );
  return { ...keyring, keys: keyring.keys.filter(({ role }) => role !== "previous") };
}

function unsafe(message: string, remedy: string): CliError {
  return new CliError(message, { remedy: `first: ${remedy}` });
}
