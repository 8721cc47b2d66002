import { accountNameSchema, type Scope } from "@klipstream/contract";

import type { Doc } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import schema from "../schema";
import * as Audit from "./audit";
import { checkArgument, invalidArgument } from "./errors";
import * as ServiceKeys from "./serviceKeys";
import * as Workloads from "./workloads";

const LISTED_MAX = 1000;

export const vServiceAccount = schema.doc("serviceAccounts").omit("_id", "_creationTime");

/** Which account an operator changes, and who the operator says to be. */
export type AccountChange = { account: string; by: string };

/** The account of this name, or null. */
export async function find(
  ctx: Pick<QueryCtx, "db">,
  name: string,
): Promise<Doc<"serviceAccounts"> | null> {
  return await ctx.db
    .query("serviceAccounts")
    .withIndex("by_name", (q) => q.eq("name", name))
    .unique();
}

/** @throws INVALID_ARGUMENT where there is no account of this name. */
export async function get(ctx: Pick<QueryCtx, "db">, name: string) {
  const account = await find(ctx, name);
  if (account !== null) return account;
  throw invalidArgument([{ path: "account", message: "names no account; create it first" }]);
}

/** @throws INVALID_ARGUMENT for a name that cannot be one, or that an account has already. */
export async function create(
  ctx: MutationCtx,
  { account: name, scopes, by }: AccountChange & { scopes: Scope[] },
): Promise<null> {
  checkArgument(accountNameSchema, name, "account");
  if ((await find(ctx, name)) !== null)
    throw invalidArgument([{ path: "account", message: "is the name of an account already" }]);
  await ctx.db.insert("serviceAccounts", { name, scopes: distinct(scopes), disabled: false });
  await Audit.record(ctx, { by, action: "account.create", target: name, detail: scopes.join(" ") });
  return null;
}

/** Takes effect with the next call of every token of the account. */
export async function setDisabled(
  ctx: MutationCtx,
  { account: name, disabled, by }: AccountChange & { disabled: boolean },
): Promise<null> {
  const account = await get(ctx, name);
  await ctx.db.patch("serviceAccounts", account._id, { disabled });
  const action = disabled ? "account.disable" : "account.enable";
  await Audit.record(ctx, { by, action, target: name });
  return null;
}

/** Takes effect with the next call of every token of the account. */
export async function setScopes(
  ctx: MutationCtx,
  { account: name, scopes, by }: AccountChange & { scopes: Scope[] },
): Promise<null> {
  const account = await get(ctx, name);
  await ctx.db.patch("serviceAccounts", account._id, { scopes: distinct(scopes) });
  await Audit.record(ctx, { by, action: "account.scopes", target: name, detail: scopes.join(" ") });
  return null;
}

/** At most 1,000 accounts, by name. */
export async function list(ctx: QueryCtx) {
  const accounts = await ctx.db.query("serviceAccounts").withIndex("by_name").take(LISTED_MAX);
  return accounts.map(toListed);
}

/** An account with its keys and workloads, or null. */
export async function show(ctx: QueryCtx, name: string) {
  const account = await find(ctx, name);
  if (account === null) return null;
  const keys = await ServiceKeys.ofAccount(ctx, name);
  const workloads = await Workloads.ofAccount(ctx, name);
  return { ...toListed(account), keys, workloads };
}

function toListed({ name, scopes, disabled }: Doc<"serviceAccounts">) {
  return { name, scopes, disabled };
}

function distinct(scopes: Scope[]): Scope[] {
  return [...new Set(scopes)].sort();
}
