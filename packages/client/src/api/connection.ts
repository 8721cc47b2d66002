import { Credentials } from "../auth/credentials.ts";
import { type TokenSource, tokenSourceFor } from "../auth/tokenSource.ts";
import { type Clock, systemClock } from "../clock.ts";
import {
  type Configuration,
  type ConfigurationPlace,
  requireUrl,
  resolveConfiguration,
} from "../config/configuration.ts";
import {
  checkClientOptions,
  type ClientOptions,
  DEFAULT_OPTIONS,
  resolveRetryPolicy,
} from "../config/options.ts";
import { createLogger, EventLog } from "../log/log.ts";
import type { Random, RetryPolicy } from "../retry/delay.ts";

/** What surrounds a client and is not its caller's business; replaced in tests and simulations. */
export type ClientAmbient = {
  clock?: Clock;
  random?: Random;
  fetch?: typeof globalThis.fetch;
  place?: ConfigurationPlace;
};

/** How a client reaches its deployment: the resolved options. */
export type Connection = {
  url: string;
  credentials: Credentials;
  attemptTimeoutMs: number;
  retry: RetryPolicy;
  log: EventLog;
  clock: Clock;
  random: Random;
  fetch: typeof globalThis.fetch;
};

/** @throws ConfigurationError that names the option. */
export function connect(options: ClientOptions, ambient: ClientAmbient): Connection {
  checkClientOptions(options);
  const configuration = resolveConfiguration(options, ambient.place);
  return connectWith(configuration, options, ambient);
}

/** As `connect`, with a configuration that was resolved before. */
export function connectWith(
  configuration: Configuration,
  options: ClientOptions,
  ambient: ClientAmbient,
): Connection {
  const clock = ambient.clock ?? systemClock;
  const log = new EventLog(options.logger ?? createLogger(configuration.logLevel.value));
  const url = requireUrl(configuration);
  const source = chooseTokenSource(configuration, options, clock);
  const { apiKey } = configuration;
  if (apiKey.value !== undefined) log.redactor.learn(apiKey.value);
  return {
    url,
    credentials: new Credentials(source, (token) => log.redactor.learn(token)),
    attemptTimeoutMs: options.attemptTimeoutMs ?? DEFAULT_OPTIONS.attemptTimeoutMs,
    retry: resolveRetryPolicy(options.retry),
    log,
    clock,
    random: ambient.random ?? Math.random,
    fetch: ambient.fetch ?? globalThis.fetch,
  };
}

const anonymous: TokenSource = () => Promise.resolve(null);

function chooseTokenSource(
  { apiKey }: Configuration,
  { tokenSource }: ClientOptions,
  clock: Clock,
): TokenSource {
  if (tokenSource !== undefined) return tokenSource;
  if (apiKey.value === undefined) return anonymous;
  return tokenSourceFor(apiKey.value, apiKey.name, clock);
}
