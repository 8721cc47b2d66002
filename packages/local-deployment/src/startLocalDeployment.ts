import { getRequestListener } from "@hono/node-server";

import { newAdminKey } from "./authentication/adminKey.ts";
import { Authenticator } from "./authentication/authenticator.ts";
import { Deployment } from "./deployment/deployment.ts";
import { DEFAULT_LIMITS, type DeploymentLimits } from "./deployment/limits.ts";
import { DataFile } from "./storage/dataFile.ts";
import { Faults, type FaultRule } from "./transport/faults.ts";
import { HTTP_ACTIONS_PATH } from "./transport/httpActionRoutes.ts";
import { createApp } from "./transport/httpApp.ts";
import { Listener } from "./transport/listener.ts";
import { SyncServer } from "./transport/syncServer.ts";

export type LocalDeploymentOptions = {
  /** @default 0: any free port */
  port?: number;
  /** @default "127.0.0.1" */
  host?: string;
  /** @default a new random key */
  adminKey?: string;
  /** The deployment's variables, as `convex env set` would set them. @default none */
  env?: Record<string, string>;
  /** Where its data is kept, and goes on from when there is some. @default in memory only, gone when it ends */
  dataFolder?: string;
  /** What goes wrong with which request, first match first. @default nothing */
  faults?: readonly FaultRule[];
  limits?: Partial<DeploymentLimits>;
};

export type LocalDeployment = {
  /** For `CONVEX_URL`, and `CONVEX_SELF_HOSTED_URL` of the CLI. */
  readonly url: string;
  /** Where the project's HTTP actions are. */
  readonly siteUrl: string;
  /** For `CONVEX_SELF_HOSTED_ADMIN_KEY` of the CLI. */
  readonly adminKey: string;
  /** The script of faults, which can be changed at any time. */
  readonly faults: Faults;
  /** Refuses connections and cuts the open ones until `reconnect()`. What is stored stays. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  /** Ends the deployment. What it kept in memory only is gone then. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Starts a Convex deployment in this process, to be pushed to with the `convex` CLI: empty and in memory, or with the
 * data and the code that a folder holds.
 *
 * @throws DataFileError if the folder's data cannot be used, RequestError if its code cannot be loaded any more, and what
 *   listening throws, for example `EADDRINUSE` for a port in use.
 */
export async function startLocalDeployment(
  options: LocalDeploymentOptions = {},
): Promise<LocalDeployment> {
  const { port = 0, host = "127.0.0.1", adminKey = newAdminKey(), env = {} } = options;
  const deployment = openDeployment(env, options);
  const authenticator = new Authenticator(adminKey, () => deployment.authProviders);
  const faults = new Faults(options.faults);
  const served = { deployment, authenticator };
  const app = createApp(served, faults);
  const sync = new SyncServer(served, faults);
  // Functions are told the address, so it must be known before what is stored is taken up.
  let serve!: () => void;
  const isReady = new Promise<void>((resolve) => (serve = resolve));
  const listener = new Listener(
    {
      request: (request, response) => void isReady.then(() => respond(request, response)),
      upgrade: (request, socket, head) =>
        void isReady.then(() => sync.upgrade(request, socket, head)),
    },
    { host, port },
  );
  const respond = getRequestListener(app.fetch);
  const close = async () => {
    sync.close();
    await listener.shut();
    await deployment.close();
  };
  let url: string;
  try {
    await listener.open();
    url = `http://${host.includes(":") ? `[${host}]` : host}:${listener.port}`;
    deployment.setUrls({ cloudUrl: url, siteUrl: `${url}${HTTP_ACTIONS_PATH}` });
    await deployment.restore();
    serve();
  } catch (error) {
    await close();
    throw error;
  }
  const { siteUrl } = deployment;
  return {
    url,
    siteUrl,
    adminKey,
    faults,
    disconnect: () => listener.shut(),
    reconnect: () => listener.open(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openDeployment(
  env: Record<string, string>,
  { dataFolder, limits }: LocalDeploymentOptions,
): Deployment {
  const file = dataFolder === undefined ? null : new DataFile(dataFolder);
  try {
    const deployment = new Deployment(env, { ...DEFAULT_LIMITS, ...limits }, file);
    deployment.on("fault", (error) => {
      process.stderr.write(`Internal error of the local deployment: ${String(error)}\n`);
    });
    return deployment;
  } catch (error) {
    file?.close();
    throw error;
  }
}
