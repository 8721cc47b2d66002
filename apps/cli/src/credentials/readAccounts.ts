import { scopeSchema } from "@klipstream/contract";
import { z } from "zod";

import { CliError } from "../command/cliError.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import type { AdminClient } from "../deployment/adminClient.ts";
import { formatTime } from "../output/text.ts";

const listedSchema = z.object({
  name: z.string(),
  scopes: z.array(scopeSchema),
  disabled: z.boolean(),
});

const keySchema = z.object({
  account: z.string(),
  keyId: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  lastUsedAt: z.number().optional(),
});

const shownSchema = listedSchema.extend({
  keys: z.array(keySchema),
  workloads: z.array(z.object({ issuer: z.string(), subject: z.string(), createdAt: z.number() })),
});

export type ListedAccount = z.infer<typeof listedSchema>;
export type ListedKey = z.infer<typeof keySchema>;
export type ShownAccount = z.infer<typeof shownSchema>;

/** Every account. @throws CliError */
export async function listAccounts(admin: AdminClient): Promise<ListedAccount[]> {
  return z.array(listedSchema).parse(await admin.run("serviceAccounts:list", {}));
}

/** One account, with its keys and workloads. @throws CliError where there is none of this name. */
export async function showAccount(admin: AdminClient, account: string): Promise<ShownAccount> {
  const shown = shownSchema.nullable().parse(await admin.run("serviceAccounts:show", { account }));
  if (shown !== null) return shown;
  throw new CliError(`there is no account ${account}`, {
    exitCode: EXIT_CODES.NOT_FOUND,
    remedy: `klipstream account create ${account}, or see \`klipstream account list\``,
  });
}

export const KEY_COLUMNS = [
  { header: "KEY", value: (key: ListedKey) => key.keyId },
  { header: "ACCOUNT", value: (key: ListedKey) => key.account, shrink: "end" as const },
  { header: "MADE", value: (key: ListedKey) => formatTime(key.createdAt) },
  { header: "LAST USED", value: (key: ListedKey) => timeOr("never", key.lastUsedAt) },
  { header: "ENDS", value: (key: ListedKey) => timeOr("never", key.expiresAt) },
];

/** @param without - What to say where there is no time. */
function timeOr(without: string, ms: number | undefined): string {
  return ms === undefined ? without : formatTime(ms);
}
