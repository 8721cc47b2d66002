import { hashServiceAccountKey, type SigningKey } from "@klipstream/client/keys";
import WebSocket from "ws";

import { deployBackend, setVariables, type TestedDeployment } from "../testedDeployment.ts";
import { ISSUER } from "./forgeries.ts";

const TABLES = [
  "videos",
  "videoEvents",
  "videoProgress",
  "serviceAccounts",
  "serviceKeys",
  "workloads",
  "auditRows",
];
const ANSWER_WITHIN_MS = 15_000;

export type Call = {
  kind: "query" | "mutation" | "action";
  path: string;
  args: Record<string, unknown>;
};

/** What a call came to, over either transport. */
export type Reply = {
  /** Only over HTTP. */
  httpStatus?: number;
  /** The function's value, or undefined. */
  value?: unknown;
  /** The code of a refusal: the backend's own, or the contract's. */
  code?: string;
  message?: string;
};

/** A deployment with the backend, and ways to call it as anyone may. */
export async function startTarget(signingKey: SigningKey) {
  const deployment = await deployBackend(signingKey, { issuer: ISSUER });
  const asAdmin = { authorization: `Convex ${deployment.adminKey}` };
  const run = async (path: string, args: Record<string, unknown>) => {
    const body = { path, args };
    const reply = await post(deployment, "/api/function", { body, headers: asAdmin });
    if (!("value" in reply)) throw new Error(`${path}: ${reply.message ?? "no value"}`);
    return reply.value;
  };
  return {
    deployment,
    /** Runs an internal function, as `npx convex run` does. */
    run,
    /** Makes an account. */
    createAccount: (account: string, scopes: readonly string[]) =>
      run("serviceAccounts:create", { account, scopes, by: "test" }),
    /** Lets a key in. */
    addKey: (account: string, key: string, expiresAt?: number) =>
      run("serviceKeys:create", {
        ...{ account, hash: hashServiceAccountKey(key), by: "test" },
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }),
    /** Exchanges a key, as anyone may. */
    exchange: (key: string) =>
      post(deployment, "/api/action", {
        body: { path: "accessTokens:exchange", args: { key } },
        headers: {},
      }),
    /** Sends any body anywhere, as anyone may. */
    send: (route: string, body: string) =>
      fetch(deployment.url + route, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      }),
    /** Sets a variable of the deployment, or takes it away. */
    setVariable: (name: string, value: string | null) =>
      setVariables(deployment, { [name]: value }),
    /** Every table, as text. */
    dump: async () => {
      const tables = TABLES.map(async (table) => {
        const args = { table, order: "asc", paginationOpts: { numItems: 1000, cursor: null } };
        const path = "_system/cli/tableData";
        const reply = await post(deployment, "/api/query", {
          body: { path, args },
          headers: asAdmin,
        });
        if (reply.value === undefined) throw new Error(`${table}: ${reply.message ?? "no value"}`);
        return `${table} ${JSON.stringify(reply.value)}`;
      });
      return (await Promise.all(tables)).join("\n");
    },
    callOverHttp: ({ kind, ...body }: Call, token: string | null) =>
      post(deployment, `/api/${kind}`, {
        body,
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      }),
    callOverWebSocket: (call: Call, token: string | null) =>
      callOverWebSocket(deployment, call, token),
  };
}

async function post(
  { url }: TestedDeployment,
  route: string,
  { body, headers }: { body: object; headers: Record<string, string> },
): Promise<Reply> {
  const response = await fetch(url + route, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...body, format: "json" }),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  const data = (answer["errorData"] ?? answer) as { code?: string; message?: string };
  const message = data.message ?? (answer["errorMessage"] as string | undefined);
  return {
    httpStatus: response.status,
    ...("value" in answer ? { value: answer["value"] } : {}),
    ...(data.code === undefined ? {} : { code: data.code }),
    ...(message === undefined ? {} : { message }),
  };
}

/** One call on a socket of its own, spoken by hand: nothing of Convex's client stands between. */
function callOverWebSocket(
  { url }: TestedDeployment,
  { kind, path, args }: Call,
  token: string | null,
): Promise<Reply> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  const send = (message: object) => socket.send(JSON.stringify(message));
  return new Promise<Reply>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer")), ANSWER_WITHIN_MS);
    const finish = (reply: Reply) => {
      clearTimeout(timer);
      resolve(reply);
    };
    socket.on("error", reject);
    socket.on("open", () => {
      const sessionId = crypto.randomUUID();
      send({ type: "Connect", sessionId, connectionCount: 0, lastCloseReason: null, clientTs: 0 });
      if (token !== null)
        send({ type: "Authenticate", baseVersion: 0, tokenType: "User", value: token });
      if (kind !== "query")
        send({
          type: kind === "mutation" ? "Mutation" : "Action",
          requestId: 0,
          udfPath: path,
          args: [args],
        });
      else
        send({
          type: "ModifyQuerySet",
          baseVersion: 0,
          newVersion: 1,
          modifications: [{ type: "Add", queryId: 0, udfPath: path, args: [args] }],
        });
    });
    socket.on("message", (data: Buffer) => {
      const reply = readMessage(JSON.parse(data.toString("utf8")) as Message);
      if (reply !== null) finish(reply);
    });
  }).finally(() => socket.terminate());
}

type Failed = { errorData?: { code: string; message: string }; errorMessage?: string };
type Message = Failed & {
  type: string;
  error?: string;
  success?: boolean;
  result?: unknown;
  modifications?: (Failed & { type: string; value?: unknown })[];
};

function readMessage(message: Message): Reply | null {
  if (message.type === "AuthError" || message.type === "FatalError")
    return {
      code: message.type,
      ...(message.error === undefined ? {} : { message: message.error }),
    };
  if (message.type === "MutationResponse")
    return message.success === true
      ? { value: message.result }
      : { ...message.errorData, ...(message.errorData ? {} : { message: String(message.result) }) };
  for (const change of message.modifications ?? []) {
    if (change.type === "QueryUpdated") return { value: change.value };
    if (change.type === "QueryFailed") return { ...change.errorData };
  }
  return null;
}
