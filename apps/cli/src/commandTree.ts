import type { DefineCommand } from "./command/command.ts";

/**
 * A command of the tree: its name and summary are known at once, the rest is loaded when it is called, so that
 * `klipstream --help` loads none of them.
 */
export type CommandNode = { name: string; summary: string } & (
  | {
      load: () => Promise<DefineCommand>;
      /** It speaks of every command, so all of them are loaded for it. */
      needsAll?: true;
    }
  | { children: readonly CommandNode[] }
);

export const COMMAND_TREE: readonly CommandNode[] = [
  {
    name: "doctor",
    summary: "check each link of the chain, from the configuration to the outbox",
    load: async () => (await import("./checks/doctor.ts")).defineDoctor,
  },
  {
    name: "smoke",
    summary: "take a scratch video through its whole life on the deployment, and remove it",
    load: async () => (await import("./checks/smoke.ts")).defineSmoke,
  },
  {
    name: "status",
    summary: "show one video",
    load: async () => (await import("./videos/status.ts")).defineStatus,
  },
  {
    name: "list",
    summary: "list videos, newest change first",
    load: async () => (await import("./videos/list.ts")).defineList,
  },
  {
    name: "history",
    summary: "list a video's events, newest first",
    load: async () => (await import("./videos/history.ts")).defineHistory,
  },
  {
    name: "create",
    summary: "create a video",
    load: async () => (await import("./videos/create.ts")).defineCreate,
  },
  {
    name: "set-status",
    summary: "report a status",
    load: async () => (await import("./videos/updates.ts")).defineSetStatus,
  },
  {
    name: "set-urls",
    summary: "report artifact URLs",
    load: async () => (await import("./videos/updates.ts")).defineSetUrls,
  },
  {
    name: "rollback",
    summary: "undo a video's last status change",
    load: async () => (await import("./videos/updates.ts")).defineRollback,
  },
  {
    name: "exec",
    summary: "report a status, run a command, report how it went",
    load: async () => (await import("./exec/exec.ts")).defineExec,
  },
  {
    name: "relay",
    summary: "take updates over HTTP from pipelines in any language, and deliver them",
    load: async () => (await import("./relay/relayCommand.ts")).defineRelay,
  },
  {
    name: "requeue",
    summary: "set stalled videos back to Queued",
    load: async () => (await import("./videos/requeue.ts")).defineRequeue,
  },
  {
    name: "outbox",
    summary: "see and mend what waits on this machine",
    children: [
      {
        name: "status",
        summary: "count what waits, and check the invariant",
        load: async () => (await import("./outbox/status.ts")).defineOutboxStatus,
      },
      {
        name: "list",
        summary: "list the entries that wait, and why",
        load: async () => (await import("./outbox/lists.ts")).defineOutboxList,
      },
      {
        name: "drain",
        summary: "deliver what waits, now",
        load: async () => (await import("./outbox/drain.ts")).defineOutboxDrain,
      },
      {
        name: "dead",
        summary: "list the dead letters, and why",
        load: async () => (await import("./outbox/lists.ts")).defineOutboxDead,
      },
      {
        name: "redrive",
        summary: "put dead letters back into the outbox",
        load: async () => (await import("./outbox/redrive.ts")).defineOutboxRedrive,
      },
      {
        name: "export",
        summary: "print every entry and dead letter as JSON lines",
        load: async () => (await import("./outbox/lists.ts")).defineOutboxExport,
      },
    ],
  },
  {
    name: "account",
    summary: "make, change and lock service accounts",
    children: [
      {
        name: "create",
        summary: "make a service account",
        load: async () => (await import("./credentials/account.ts")).defineAccountCreate,
      },
      {
        name: "list",
        summary: "list the service accounts",
        load: async () => (await import("./credentials/account.ts")).defineAccountList,
      },
      {
        name: "show",
        summary: "show an account with its keys and workloads",
        load: async () => (await import("./credentials/account.ts")).defineAccountShow,
      },
      {
        name: "set-scopes",
        summary: "change what an account may do, at once",
        load: async () => (await import("./credentials/account.ts")).defineAccountSetScopes,
      },
      {
        name: "disable",
        summary: "refuse an account, with all that it has, at once",
        load: async () => (await import("./credentials/account.ts")).defineAccountDisable,
      },
      {
        name: "enable",
        summary: "let an account in again",
        load: async () => (await import("./credentials/account.ts")).defineAccountEnable,
      },
      {
        name: "bind",
        summary: "let a workload act as an account, without a key",
        load: async () => (await import("./credentials/account.ts")).defineAccountBind,
      },
      {
        name: "unbind",
        summary: "refuse a workload that was bound, at once",
        load: async () => (await import("./credentials/account.ts")).defineAccountUnbind,
      },
    ],
  },
  {
    name: "key",
    summary: "make, use and withdraw the keys of service accounts",
    children: [
      {
        name: "create",
        summary: "make a key for a pipeline",
        load: async () => (await import("./credentials/key.ts")).defineKeyCreate,
      },
      {
        name: "list",
        summary: "list keys, when each was last used and ends",
        load: async () => (await import("./credentials/key.ts")).defineKeyList,
      },
      {
        name: "revoke",
        summary: "withdraw a key at once",
        load: async () => (await import("./credentials/key.ts")).defineKeyRevoke,
      },
      {
        name: "exchange",
        summary: "print a token of ten minutes for a key",
        load: async () => (await import("./credentials/key.ts")).defineKeyExchange,
      },
    ],
  },
  {
    name: "signing-key",
    summary: "the key with which the deployment signs its tokens",
    children: [
      {
        name: "init",
        summary: "give a deployment its first signing key",
        load: async () => (await import("./credentials/signingKey.ts")).defineSigningKeyInit,
      },
      {
        name: "rotate",
        summary: "replace the signing key, one safe step at a time",
        load: async () => (await import("./credentials/signingKey.ts")).defineSigningKeyRotate,
      },
    ],
  },
  {
    name: "audit",
    summary: "list what was done to accounts and keys",
    load: async () => (await import("./credentials/audit.ts")).defineAudit,
  },
  {
    name: "adopt",
    summary: "take over a videos table that existed before",
    load: async () => (await import("./adopt/adopt.ts")).defineAdopt,
  },
  {
    name: "completion",
    summary: "print a completion script for bash, zsh or fish",
    needsAll: true,
    load: async () => (await import("./completion/completion.ts")).defineCompletion,
  },
];
