import { type ClientAmbient, connectWith } from "../api/connection.ts";
import { ConvexApiClient } from "../api/ConvexApiClient.ts";
import type { Credentials } from "../auth/credentials.ts";
import type { Configuration } from "../config/configuration.ts";
import { type ManagerOptions, resolveUpdateDefaults } from "../config/options.ts";
import { BackendUnavailableError, ManagerClosedError, messageOf } from "../errors.ts";
import { ConvexIntegration, type Video } from "../integration/ConvexIntegration.ts";
import type { EventLog } from "../log/log.ts";
import type { DeliveryStep } from "../outbox/delivery.ts";
import { Outbox, type Sharing } from "../outbox/Outbox.ts";
import { SqliteStore } from "../outbox/sqlite/SqliteStore.ts";
import { OUTBOX_BOUNDS, type OutboxStore } from "../outbox/store.ts";
import { deliverThrough, isBackendWorking } from "./deliver.ts";
import type { ManagerParts } from "./Manager.ts";
import { ProgressReporter } from "./ProgressReporter.ts";

/** What surrounds a manager and is not its caller's business; replaced in tests and simulations. */
export type ManagerAmbient = ClientAmbient & {
  store?: OutboxStore;
  /** Called at each step of an entry's life, before it goes on. */
  onStep?: (step: DeliveryStep) => void;
};

/** The parts of a manager that delivers. */
export type BackendParts = ManagerParts & {
  outbox: Outbox;
  store: OutboxStore;
  deployment: string;
  credentials: Credentials;
};

/**
 * Opens the outbox and the way from it to the backend.
 *
 * @throws ConfigurationError, OutboxUnwritableError, OutboxVersionError, OutboxCorruptError
 */
export function connectToBackend(
  configuration: Configuration,
  options: ManagerOptions,
  { sharing, ...ambient }: ManagerAmbient & { sharing?: Sharing },
): BackendParts {
  const connection = connectWith(configuration, options, ambient);
  const { clock, log, random, url: deployment, retry: policy, credentials } = connection;
  const api = new ConvexApiClient(connection);
  const store = ambient.store ?? openStore(configuration.outboxPath.value, log);
  const outbox = new Outbox({
    deployment,
    store,
    sharing,
    deliver: deliverThrough(api, clock),
    isWorking: () => isBackendWorking(api),
    policy,
    clock,
    random,
    log,
    onStep: ambient.onStep ?? (() => undefined),
  });
  const isBlocked = (lane: string) => outbox.isBlocked(lane);
  const progress = new ProgressReporter(api, { clock, log, isBlocked });
  const integration = new ConvexIntegration(api);
  const getVideo = (twitchId: string) => askForVideo(integration, twitchId);
  const defaults = resolveUpdateDefaults(options);
  const disconnect = () => connection.earlyEnd.end(new ManagerClosedError());
  const parts = { clock, log, defaults, outbox, progress, getVideo, disconnect };
  return { ...parts, store, deployment, credentials };
}

function openStore(path: string, log: EventLog): OutboxStore {
  const store = new SqliteStore(path, OUTBOX_BOUNDS, ({ event, message, ...fields }) =>
    log.write(event, message, fields),
  );
  log.write("outbox.opened", "outbox opened", { path });
  return store;
}

async function askForVideo(
  integration: ConvexIntegration,
  twitchId: string,
): Promise<Video | null> {
  try {
    return await integration.getVideo(twitchId);
  } catch (error) {
    if (error instanceof BackendUnavailableError) throw error;
    // Whatever the failure was, the caller must not take it for "there is no such video".
    const why = messageOf(error);
    throw new BackendUnavailableError("status", `cannot know whether the video exists: ${why}`, {
      cause: error,
    });
  }
}
