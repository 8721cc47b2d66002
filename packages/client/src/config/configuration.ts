import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse as parseDotenv } from "dotenv";
import envPaths from "env-paths";
import { parse as parseYaml } from "yaml";
import { z } from "zod";

import { ConfigurationError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../log/log.ts";
import { DEFAULT_OPTIONS, type ManagerOptions } from "./options.ts";

/** The environment variables that this package reads. */
export const ENVIRONMENT_VARIABLES = {
  url: "CONVEX_URL",
  apiKey: "CONVEX_API_KEY",
  testMode: "CONVEX_TEST_MODE",
  outboxPath: "CONVEX_OUTBOX_PATH",
  logLevel: "LOG_LEVEL",
} as const;

type SettingName = keyof typeof ENVIRONMENT_VARIABLES;

/** The configuration files, most important first; the environment beats them, options beat both. */
export const CONFIGURATION_FILES = [".env.local", ".env", ".env.yaml"] as const;

/** Where a setting came from. */
export type ConfigurationSource =
  "option" | "environment" | (typeof CONFIGURATION_FILES)[number] | "default";

/** A value and where it came from. */
export type Setting<T> = {
  value: T;
  source: ConfigurationSource;
  /** The name under which its source knows it: `waitMs`, `CONVEX_URL`. */
  name: string;
};

/** The settings that can come from outside the program. */
export type Configuration = {
  /** Without trailing slash. Undefined only where nothing names a deployment. */
  url: Setting<string | undefined>;
  apiKey: Setting<string | undefined>;
  testMode: Setting<boolean>;
  outboxPath: Setting<string>;
  logLevel: Setting<LogLevel>;
};

/** What configuration is read from. */
export type ConfigurationPlace = {
  /** @default process.env */
  env?: Record<string, string | undefined>;
  /** The folder of the configuration files. @default process.cwd() */
  cwd?: string;
};

/**
 * Finds each setting: options beat the environment, which beats `.env.local`, `.env` and `.env.yaml` of the working folder.
 *
 * @returns Each value with its source.
 * @throws ConfigurationError that names what is wrong: an unreadable file, or a value that cannot be used.
 */
export function resolveConfiguration(
  options: ManagerOptions = {},
  place: ConfigurationPlace = {},
): Configuration {
  const find = settingFinder(options, place);
  const logLevel = find("logLevel");
  const testMode = find("testMode");
  return {
    url: checkUrl(find("url")),
    apiKey: find("apiKey"),
    testMode: { ...testMode, value: parseFlag(testMode) },
    outboxPath: { ...find("outboxPath"), value: find("outboxPath").value ?? defaultOutboxPath() },
    logLevel: { ...logLevel, value: parseLogLevel(logLevel) },
  };
}

/**
 * The address of the deployment.
 *
 * @throws ConfigurationError when there is none.
 */
export function requireUrl({ url }: Configuration): string {
  if (url.value === undefined)
    throw new ConfigurationError(
      ENVIRONMENT_VARIABLES.url,
      "is not set; set it to the deployment's address (https://...convex.cloud), or pass the option url",
    );
  return url.value;
}

type Layer = { source: ConfigurationSource; values: Record<string, string | undefined> };

function settingFinder(options: ManagerOptions, place: ConfigurationPlace) {
  let layers: Layer[] | undefined;
  return (name: SettingName): Setting<string | undefined> => {
    const option = options[name];
    if (option !== undefined) return { value: String(option), source: "option", name };
    layers ??= readLayers(place);
    const variable = ENVIRONMENT_VARIABLES[name];
    for (const { source, values } of layers) {
      const value = values[variable]?.trim();
      if (value !== undefined && value !== "") return { value, source, name: variable };
    }
    return { value: undefined, source: "default", name: variable };
  };
}

function readLayers({ env = process.env, cwd = process.cwd() }: ConfigurationPlace): Layer[] {
  const files = CONFIGURATION_FILES.filter((file) => existsSync(join(cwd, file)));
  return [
    { source: "environment", values: env },
    ...files.map((file) => ({ source: file, values: readFile(join(cwd, file), file) })),
  ];
}

const flatYaml = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

function readFile(path: string, file: string): Record<string, string | undefined> {
  try {
    const text = readFileSync(path, "utf8");
    if (!file.endsWith(".yaml")) return parseDotenv(text);
    const values = flatYaml.parse(parseYaml(text) ?? {});
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value === null ? "" : String(value)]),
    );
  } catch {
    // The parsers quote the text that they stumble over, which may be a key.
    throw new ConfigurationError(file, "cannot be read as a list of names and values");
  }
}

function checkUrl(setting: Setting<string | undefined>): Setting<string | undefined> {
  if (setting.value === undefined) return setting;
  const refuse = (message: string) => new ConfigurationError(setting.name, message);
  if (!URL.canParse(setting.value))
    throw refuse("is not a URL; it should look like https://happy-animal-123.convex.cloud");
  const url = new URL(setting.value);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw refuse("must not contain a user, a password, a query or a fragment");
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    throw refuse("must use https: a token would cross the network in clear text");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refuse("must start with https://");
  return { ...setting, value: url.href.replace(/\/+$/, "") };
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(?:\.\d+){3}$/.test(hostname)
  );
}

function parseFlag({ value, name }: Setting<string | undefined>): boolean {
  if (value === undefined) return DEFAULT_OPTIONS.testMode;
  if (["1", "true", "yes", "on"].includes(value.toLowerCase())) return true;
  if (["0", "false", "no", "off"].includes(value.toLowerCase())) return false;
  throw new ConfigurationError(name, "must be 1 or 0");
}

function parseLogLevel({ value, name }: Setting<string | undefined>): LogLevel {
  if (value === undefined) return DEFAULT_OPTIONS.logLevel;
  const level = LOG_LEVELS.find((known) => known === value.toLowerCase());
  if (level === undefined)
    throw new ConfigurationError(name, `must be one of ${LOG_LEVELS.join(", ")}`);
  return level;
}

/** Linux: `~/.local/state/klipstream/outbox.db`, or under `XDG_STATE_HOME`. */
function defaultOutboxPath(): string {
  const paths = envPaths("klipstream", { suffix: "" });
  const folder = process.platform === "linux" ? paths.log : paths.data;
  return join(folder, "outbox.db");
}
