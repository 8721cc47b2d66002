import { type Configuration, ConfigurationError } from "@klipstream/client";
import { formatDuration } from "@klipstream/contract";

import type { CliContext } from "../context.ts";
import { configurationOf } from "../deployment/configuration.ts";
import { checkAccess } from "./access.ts";
import { type CheckName, type Diagnosis, failed, type Finding, ok, warning } from "./diagnosis.ts";
import { checkFunctions } from "./functions.ts";
import { checkOutbox } from "./outbox.ts";
import { probe, type Probe, UNUSED_TWITCH_ID } from "./probe.ts";
import { describeCredential, reportOnCredential } from "./tokenReport.ts";

/** An HTTP date has no fractions of a second, and a few seconds do no harm. */
const CLOCK_WARNED_MS = 6000;

/** What the checks have found so far. A check may use what the checks that it needs have found. */
type Facts = {
  configuration: Configuration | undefined;
  contact: Probe | undefined;
  anonymousAllowed: boolean;
};

type Check = {
  name: CheckName;
  /** The checks that it depends on. When one of them failed, this one is skipped. */
  needs: readonly CheckName[];
  find: (facts: Facts, context: CliContext) => Finding | Promise<Finding>;
};

const CHECKS: readonly Check[] = [
  { name: "configuration", needs: [], find: findConfiguration },
  { name: "url", needs: ["configuration"], find: findUrl },
  { name: "reachable", needs: ["url"], find: findReachable },
  { name: "convex", needs: ["reachable"], find: findConvex },
  { name: "clock", needs: ["convex"], find: findClock },
  { name: "functions", needs: ["convex"], find: findFunctions },
  { name: "token", needs: ["configuration"], find: findToken },
  { name: "access", needs: ["functions", "clock", "token"], find: findAccess },
  {
    name: "outbox",
    needs: ["configuration"],
    find: (facts, context) => checkOutbox(settingsOf(facts), context),
  },
];

/**
 * Checks each link of the chain in turn. A check that depends on a failed one is skipped, so that each cause is named once.
 */
export async function diagnose(context: CliContext): Promise<Diagnosis[]> {
  const facts: Facts = {
    configuration: undefined,
    contact: undefined,
    anonymousAllowed: false,
  };
  const done = new Map<CheckName, Diagnosis>();
  for (const { name, needs, find } of CHECKS) {
    const broken = needs.find((need) => {
      const result = done.get(need)?.result;
      return result === "failed" || result === "skipped";
    });
    const finding: Finding =
      broken === undefined
        ? await find(facts, context)
        : { result: "skipped", detail: `cannot be checked without: ${broken}` };
    done.set(name, { check: name, ...finding });
  }
  return [...done.values()];
}

function findConfiguration(facts: Facts, context: CliContext): Finding {
  try {
    facts.configuration = configurationOf(context);
    const { testMode } = facts.configuration;
    return testMode.value
      ? warning(
          `${testMode.name} is on: updates are simulated`,
          `take ${testMode.name} away to report`,
        )
      : ok(describeSources(facts.configuration));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return failed(error.message, `mend ${error.option}`);
  }
}

function findUrl(facts: Facts): Finding {
  const { value } = settingsOf(facts).url;
  return value === undefined
    ? failed(
        "CONVEX_URL is not set",
        "export CONVEX_URL=https://<deployment>.convex.cloud, or write it into .env.local",
      )
    : ok(value);
}

async function findReachable(facts: Facts, context: CliContext): Promise<Finding> {
  const url = urlOf(facts);
  const args = { twitchId: UNUSED_TWITCH_ID };
  facts.contact = await probe(
    { url, kind: "query", path: "video:getByTwitchIdPublic", args },
    context,
  );
  return facts.contact.kind === "unreachable"
    ? failed(
        `${url} cannot be reached: ${facts.contact.why}`,
        "check CONVEX_URL, the network, and that the deployment runs",
      )
    : ok("it answers");
}

function findConvex(facts: Facts): Finding {
  return facts.contact?.kind === "foreign"
    ? failed(
        `${urlOf(facts)} is not a Convex deployment: its answer (HTTP ${facts.contact.httpStatus}) comes from something else`,
        "set CONVEX_URL to the deployment's own address (.convex.cloud, not .convex.site and not the dashboard's)",
      )
    : ok("a Convex deployment");
}

function findClock(facts: Facts): Finding {
  const offsetMs = clockOffsetOf(facts);
  if (offsetMs === null) return ok("the server does not say its time");
  const away = Math.abs(offsetMs);
  if (away < CLOCK_WARNED_MS) return ok("within seconds of the deployment's");
  return warning(
    `this machine's clock is ${formatDuration(away)} ${offsetMs < 0 ? "ahead of" : "behind"} the deployment's`,
    "set the clock (timedatectl set-ntp true): it decides when an update is said to have happened",
  );
}

async function findFunctions(facts: Facts, context: CliContext): Promise<Finding> {
  const { finding, anonymousAllowed } = await checkFunctions(urlOf(facts), context);
  facts.anonymousAllowed = anonymousAllowed;
  return finding;
}

function findToken(facts: Facts, context: CliContext): Finding {
  const { apiKey } = settingsOf(facts);
  const makeKey = "klipstream key create <account>, and set CONVEX_API_KEY to it";
  if (apiKey.value === undefined)
    return facts.anonymousAllowed
      ? warning("CONVEX_API_KEY is not set; this deployment takes anonymous updates", makeKey)
      : failed("CONVEX_API_KEY is not set", makeKey);
  // By the server's clock, where it is known: the check of the clock reports a wrong clock, and this one does not.
  const now = context.now() + (clockOffsetOf(facts) ?? 0);
  return describeCredential(reportOnCredential(apiKey.value, now), apiKey.name);
}

function findAccess(facts: Facts, context: CliContext): Promise<Finding> {
  const { apiKey } = settingsOf(facts);
  return checkAccess({ url: urlOf(facts), apiKey: apiKey.value }, context);
}

/** Where each setting comes from; never what it is. */
function describeSources(configuration: Configuration): string {
  return Object.values(configuration)
    .map(({ name, source, value }) => `${name}: ${value === undefined ? "not set" : source}`)
    .join(", ");
}

function settingsOf({ configuration }: Facts): Configuration {
  if (configuration === undefined) throw new Error("checked before the configuration");
  return configuration;
}

function urlOf(facts: Facts): string {
  return settingsOf(facts).url.value ?? "";
}

function clockOffsetOf({ contact }: Facts): number | null {
  return contact?.kind === "answer" ? contact.clockOffsetMs : null;
}
