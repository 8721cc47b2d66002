import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { jwksDataUri, type SigningKey } from "@klipstream/client/keys";
import { z } from "zod";

import { CliError } from "../cliError.ts";
import type { CliContext } from "../context.ts";
import { EXIT_CODES } from "../exitCodes.ts";
import { exists, readSecretFile, writeSecretFile } from "./secretFile.ts";

const publicJwk = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: z.string(),
  y: z.string(),
  kid: z.string(),
  alg: z.literal("ES256"),
  use: z.literal("sig"),
});

const privateJwk = publicJwk
  .pick({ kty: true, crv: true, x: true, y: true })
  .extend({ d: z.string() });

const signingKey = z.object({
  /** What the key does now: `current` signs, `next` is published but does not sign, `previous` is still accepted. */
  role: z.enum(["current", "next", "previous"]),
  createdAt: z.number(),
  kid: z.string(),
  privateJwk,
  publicJwk,
});

const account = z.object({
  subject: z.string(),
  /** The generation of its next key; raised by a revocation. */
  generation: z.number().int(),
  /** Its newest key: which signing key it holds, and until when. */
  kid: z.string().nullable(),
  scope: z.string(),
  expiresAt: z.number().nullable(),
});

const keyringSchema = z.object({
  version: z.literal(1),
  issuer: z.string(),
  keys: z.array(signingKey),
  accounts: z.array(account),
});

/** A deployment's signing keys and the service accounts that were given keys; the operator's file, never a pipeline's. */
export type Keyring = z.infer<typeof keyringSchema>;
export type KeyringKey = Keyring["keys"][number];
export type KeyringAccount = Keyring["accounts"][number];

/** Beside the project, in a folder that git ignores by itself. */
export const DEFAULT_KEYRING_PATH = ".klipstream/keyring.json";

/**
 * Reads the keyring.
 *
 * @throws CliError when there is none, others may read it, or it is none.
 */
export async function readKeyring(path: string, context: CliContext): Promise<Keyring> {
  const file = resolve(context.folder, path);
  if (!(await exists(file)))
    throw new CliError(`there is no keyring at ${file}`, {
      exitCode: EXIT_CODES.NOT_FOUND,
      remedy: "make one with `klipstream token init`, or name it with --keyring <file>",
    });
  const parsed = keyringSchema.safeParse(parseJson(await readSecretFile(file)));
  if (parsed.success) return parsed.data;
  throw new CliError(`${file} is not a keyring`, { remedy: "restore it from your backup" });
}

/** Writes the keyring, 0600, in a folder of 0700 that git ignores. */
export async function writeKeyring(
  path: string,
  keyring: Keyring,
  context: CliContext,
): Promise<void> {
  const file = resolve(context.folder, path);
  if (path === DEFAULT_KEYRING_PATH) {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(join(dirname(file), ".gitignore"), "*\n");
  }
  await writeSecretFile(file, `${JSON.stringify(keyring, null, 2)}\n`);
}

/** The key of a role, or undefined. */
export function keyOf(keyring: Keyring, role: KeyringKey["role"]): KeyringKey | undefined {
  return keyring.keys.find((key) => key.role === role);
}

/**
 * The key that signs.
 *
 * @throws CliError when there is none.
 */
export function currentKey(keyring: Keyring): KeyringKey {
  const key = keyOf(keyring, "current");
  if (key === undefined) throw new CliError("the keyring has no signing key");
  return key;
}

export function toKeyringKey(
  key: SigningKey,
  { role, createdAt }: Pick<KeyringKey, "role" | "createdAt">,
): KeyringKey {
  return { role, createdAt, ...key };
}

/** What the deployment must publish for these keys: the value of `KLIPSTREAM_JWT_JWKS`. Public halves only. */
export function jwksOf(keys: readonly KeyringKey[]): string {
  return jwksDataUri(keys.map((key) => key.publicJwk));
}

/** The command that publishes these keys. */
export function publishLine(keys: readonly KeyringKey[]): string {
  return `npx convex env set KLIPSTREAM_JWT_JWKS '${jwksOf(keys)}'`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is no keyring: the caller says so.
    return undefined;
  }
}
