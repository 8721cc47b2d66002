import { createHash } from "node:crypto";

import { twitchIdSchema } from "@klipstream/contract";

import { requireUrl, resolveConfiguration } from "../config/configuration.ts";
import { checkManagerOptions, type ManagerOptions } from "../config/options.ts";
import { ConfigurationError } from "../errors.ts";
import { parseInput } from "../integration/parseInput.ts";
import { createLogger, EventLog } from "../log/log.ts";
import {
  type BackendParts,
  connectToBackend,
  type ManagerAmbient,
} from "../manager/connectToBackend.ts";
import { checkTimeout } from "../manager/checkCall.ts";
import { Manager } from "../manager/Manager.ts";
import type { BackendState, FlushResult } from "../outbox/Outbox.ts";
import { KnownVideos } from "./KnownVideos.ts";
import { lockForRelay } from "./relayLock.ts";
import { type LookedUpVideo, VideoLookUp } from "./VideoLookUp.ts";

/**
 * A manager that speaks for many callers, as `klipstream relay` does. Beside what every manager does:
 *
 * - updates that arrive together share one wait for the disk; each is on disk when its promise resolves, not before;
 * - it answers for videos while the backend is away: with what was known last and all that waits in the outbox.
 */
export class RelayManager extends Manager {
  readonly #parts: BackendParts;
  readonly #known: KnownVideos;
  readonly #lookUp: VideoLookUp;
  readonly #giveBack: () => void;
  #closing: Promise<FlushResult> | undefined;

  /**
   * @param options - What is given here beats the environment.
   * @throws ConfigurationError that names the option, for test mode and an outbox that has a relay too; OutboxUnwritableError, OutboxVersionError or
   *   OutboxCorruptError.
   */
  constructor(options?: ManagerOptions);
  /** @param ambient - Replaces the clock, the network, the store; for tests. @internal */
  constructor(options?: ManagerOptions, ambient?: ManagerAmbient);
  constructor(options: ManagerOptions = {}, ambient: ManagerAmbient = {}) {
    checkManagerOptions(options);
    const configuration = resolveConfiguration(options, ambient.place);
    if (configuration.testMode.value)
      throw new ConfigurationError(configuration.testMode.name, "a relay has no test mode");
    const sharing = {
      onAnswer: (...answered: Parameters<VideoLookUp["answered"]>) =>
        this.#lookUp.answered(...answered),
    };
    const unlock = lockForRelay(configuration.outboxPath);
    const outboxPath = configuration.outboxPath.value;
    const log = new EventLog(options.logger ?? createLogger(configuration.logLevel.value));
    const known = openOr(
      unlock,
      () => new KnownVideos(knownVideosPath(outboxPath, requireUrl(configuration)), log),
    );
    const giveBack = () => {
      known.close();
      unlock();
    };
    const parts = openOr(giveBack, () =>
      connectToBackend(configuration, options, { ...ambient, sharing }),
    );
    super(parts);
    const { clock, deployment, store, outbox } = parts;
    this.#parts = parts;
    this.#known = known;
    this.#giveBack = giveBack;
    this.#lookUp = new VideoLookUp({
      deployment,
      store,
      clock,
      known,
      read: (twitchId) => parts.getVideo(twitchId),
      onReached: () => {
        if (outbox.state === "away") outbox.hurry();
      },
    });
  }

  /** The deployment's address. */
  get deployment(): string {
    return this.#parts.deployment;
  }

  /** What is thought of the backend. */
  get backendState(): BackendState {
    return this.#parts.outbox.state;
  }

  /**
   * A video as it will be once all that waits in the outbox is applied.
   *
   * @param options.waitMs - How long to wait for the backend's answer, in milliseconds.
   * @throws InvalidInputError; BackendUnavailableError for a video that was never seen while the backend is away.
   */
  async lookUpVideo(twitchId: string, { waitMs }: { waitMs: number }): Promise<LookedUpVideo> {
    return this.#lookUp.lookUp(parseInput(twitchIdSchema, twitchId), waitMs);
  }

  /** The Twitch ID of the video with this `_id`, or null for one that was never seen. */
  twitchIdOf(videoId: string): string | null {
    return this.#known.twitchIdOf(videoId);
  }

  /** The `_id` of a video that was seen, or null. */
  videoIdOf(twitchId: string): string | null {
    return this.#known.find(twitchId)?.video._id ?? null;
  }

  /** Keeps which video an `_id` belongs to, for updates by it while the backend is away. */
  learnVideoId(videoId: string, twitchId: string): void {
    this.#known.learnId(videoId, twitchId);
  }

  /**
   * The token for a request that is passed on, or null without credentials.
   *
   * @throws TokenUnavailableError
   */
  async accessToken(): Promise<string | null> {
    return (await this.#parts.credentials.issue()).token;
  }

  override async close(options?: { timeoutMs?: number }): Promise<FlushResult> {
    checkTimeout(options, 0);
    this.#closing ??= super.close(options).finally(this.#giveBack);
    return this.#closing;
  }
}

/** Opens something, or gives back what was taken for it. */
function openOr<T>(giveBack: () => void, open: () => T): T {
  try {
    return open();
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** The file lies beside the outbox; each deployment has its own. */
function knownVideosPath(outboxPath: string, deployment: string): string {
  const digest = createHash("sha256").update(deployment).digest("hex").slice(0, 12);
  return `${outboxPath}.videos-${digest}.jsonl`;
}
