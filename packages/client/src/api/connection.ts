import { Credentials } from "../auth/credentials.ts";
import { exchangingTokenSource, type TokenSource, tokenSourceFor } from "../auth/tokenSource.ts";
import type { WorkloadIdentity } from "../auth/workloadIdentity.ts";
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
import { EarlyEnd } from "./deadline.ts";
import { exchangeIdentityOver, exchangeKeyOver, type Way } from "./exchangeForToken.ts";

/** What surrounds a client and is not its caller's business; replaced in tests and simulations. */
export type ClientAmbient = {
  clock?: Clock;
  random?: Random;
  fetch?: typeof globalThis.fetch;
  place?: ConfigurationPlace;
};

/** How a client reaches its deployment: the resolved options. */
export type Connection = Way & {
  credentials: Credentials;
  retry: RetryPolicy;
  random: Random;
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
  const log = new EventLog(options.logger ?? createLogger(configuration.logLevel.value));
  const { apiKey } = configuration;
  if (apiKey.value !== undefined) log.redactor.learn(apiKey.value);
  const way = {
    url: requireUrl(configuration),
    attemptTimeoutMs: options.attemptTimeoutMs ?? DEFAULT_OPTIONS.attemptTimeoutMs,
    log,
    clock: ambient.clock ?? systemClock,
    earlyEnd: new EarlyEnd(),
    fetch: ambient.fetch ?? globalThis.fetch,
  };
  const source = chooseTokenSource(configuration, options, way);
  return {
    ...way,
    credentials: new Credentials(source, (token) => log.redactor.learn(token)),
    retry: resolveRetryPolicy(options.retry),
    random: ambient.random ?? Math.random,
  };
}

const anonymous: TokenSource = () => Promise.resolve(null);

function chooseTokenSource(
  { apiKey }: Configuration,
  { tokenSource }: ClientOptions,
  way: Way,
): TokenSource {
  const { clock } = way;
  if (tokenSource !== undefined && isWorkloadIdentity(tokenSource)) {
    const exchange = async () =>
      exchangeIdentityOver(way, (await tokenSource({ forceRefresh: true })) ?? "");
    return exchangingTokenSource(exchange, clock);
  }
  if (tokenSource !== undefined) return tokenSource;
  if (apiKey.value === undefined) return anonymous;
  const exchangeKey = (key: string) => exchangeKeyOver(way, key);
  return tokenSourceFor(apiKey.value, apiKey.name, { exchangeKey, clock });
}

function isWorkloadIdentity(source: TokenSource): source is WorkloadIdentity {
  return "isWorkloadIdentity" in source;
}
