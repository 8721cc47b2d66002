/**
 * The import rule of ARCHITECTURE.md as lint: imports point down this list, never up or sideways, and only at a
 * package's public entry.
 *
 *   tests  bench
 *   apps/cli  apps/pipeline  apps/dashboard
 *   packages/local-deployment
 *   convex/   packages/client
 *   packages/contract
 */

const SCOPE = "@klipstream";

/** Which packages each folder may not import. `convex/` is reached by path, as it is no package. */
const FORBIDDEN = {
  "packages/contract": ["client", "local-deployment", "pipeline", "cli", "dashboard", "convex/"],
  "packages/client": ["local-deployment", "pipeline", "cli", "dashboard", "convex/"],
  convex: ["client", "local-deployment", "pipeline", "cli", "dashboard"],
  "packages/local-deployment": ["contract", "client", "pipeline", "cli", "dashboard", "convex/"],
  "apps/pipeline": ["cli", "dashboard", "convex/"],
  "apps/cli": ["pipeline", "dashboard", "convex/"],
  // It runs in a browser: of the packages below it only the contract does, too.
  "apps/dashboard": ["client", "local-deployment", "pipeline", "cli", "convex/"],
};

/** The one file that may name the generated API, as types; the client's own types are held equal to it by a test. */
const API_FILE = "apps/dashboard/src/backend/api.ts";
const API_TYPES = "../../../../convex/_generated/api";

function patternsFor(names) {
  const packages = names.filter((name) => name !== "convex/");
  const patterns = [
    {
      regex: `^${SCOPE}/(${packages.join("|")})(/|$)`,
      message: "Imports point down the list of ARCHITECTURE.md, never up or sideways.",
    },
    {
      regex: `^${SCOPE}/[^/]+/(src|dist)`,
      message: "Import a package at its public entry.",
    },
    {
      regex: "^(\\.\\./)+(packages|apps)/",
      message: "Import a package by its name.",
    },
  ];
  if (names.includes("convex/"))
    patterns.push({
      regex: "^(\\.\\./)+convex/",
      message: `Only the generated API, and only as types, in ${API_FILE}: ${API_TYPES}.`,
    });
  return patterns;
}

const folderRules = Object.entries(FORBIDDEN).map(([folder, names]) => ({
  files: [`${folder}/**/*.{ts,tsx}`],
  ignores: [
    `${folder}/**/*.test.ts`,
    `${folder}/**/*.test-d.ts`,
    `${folder}/**/*.setup.ts`,
    API_FILE,
  ],
  rules: { "no-restricted-imports": ["error", { patterns: patternsFor(names) }] },
}));

/** Inside `convex/`: video.ts -> functions.ts -> model/* -> contract, and the raw builders stay in functions.ts. */
const convexRules = [
  {
    files: ["convex/model/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...patternsFor(FORBIDDEN.convex),
            {
              regex: "^\\.\\./(video|functions|crons)$",
              message: "model/ is below the functions.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["convex/*.ts"],
    ignores: ["convex/functions.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...patternsFor(FORBIDDEN.convex),
            {
              regex: "^\\./_generated/server$",
              importNames: [
                "query",
                "mutation",
                "action",
                "internalQuery",
                "internalMutation",
                "internalAction",
              ],
              message: "Choose the access by choosing a builder of functions.ts.",
            },
            {
              regex: "^\\./_generated/api$",
              importNames: ["api"],
              message: "Call internal functions only.",
            },
          ],
        },
      ],
    },
  },
];

/**
 * Inside `client`: testing -> relay -> manager -> outbox, integration -> api -> retry, auth, config, log -> errors. The outbox reaches
 * the network only through the `deliver` function that it is given.
 */
const ABOVE_OUTBOX = ["manager", "relay", "testing"];
const CLIENT_LAYERS_ABOVE = {
  errors: ["retry", "auth", "config", "log", "api", "outbox", "integration", ...ABOVE_OUTBOX],
  "{retry,auth,config,log}": ["api", "outbox", "integration", ...ABOVE_OUTBOX],
  api: ["outbox", "integration", ...ABOVE_OUTBOX],
  outbox: ["api", "auth", "integration", ...ABOVE_OUTBOX],
  integration: ["outbox", ...ABOVE_OUTBOX],
  manager: ["relay", "testing"],
  relay: ["testing"],
};

const clientRules = Object.entries(CLIENT_LAYERS_ABOVE).map(([layer, above]) => ({
  files:
    layer === "errors"
      ? ["packages/client/src/errors.ts"]
      : [`packages/client/src/${layer}/**/*.ts`],
  ignores: ["**/*.test.ts", "**/*.test-d.ts"],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...patternsFor(FORBIDDEN["packages/client"]),
          {
            regex: `^\\.\\.?/(${above.join("|")})/`,
            message: "A layer of the client imports the layers below it only.",
          },
        ],
      },
    ],
  },
}));

/**
 * Inside `local-deployment`, from the storage up to the transport, and what starts it; each imports those before it only.
 * The two that are files are named so.
 */
const LOCAL_DEPLOYMENT_LAYERS = [
  "requestError.ts",
  "storage",
  "documents",
  "engine",
  "wire",
  "push",
  "snapshots",
  "deployment",
  "authentication",
  "transport",
  "startLocalDeployment.ts",
  "cli",
  "officialSuite",
  "tests",
];

const localDeploymentRules = LOCAL_DEPLOYMENT_LAYERS.slice(0, -1).map((layer, at) => ({
  files: [`packages/local-deployment/src/${layer.endsWith(".ts") ? layer : `${layer}/**/*.ts`}`],
  ignores: ["**/*.test.ts"],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...patternsFor(FORBIDDEN["packages/local-deployment"]),
          {
            regex: `^\\.\\.?/(${LOCAL_DEPLOYMENT_LAYERS.slice(at + 1).join("|")})(/|$)`,
            message: "A layer of the local deployment imports the layers below it only.",
          },
        ],
      },
    ],
  },
}));

/**
 * Inside `cli`: the tree names every command; a folder of commands imports deployment -> command -> output, and no other
 * folder of commands. The checks alone look into the outbox. So nothing needs itself in a circle.
 */
const CLI_COMMANDS = [
  "adopt",
  "checks",
  "completion",
  "credentials",
  "exec",
  "outbox",
  "relay",
  "videos",
];
const CLI_SHARED = ["output", "command", "deployment"];
const CLI_FORBIDDEN = [
  ...CLI_SHARED.map((layer, at) => [layer, [...CLI_SHARED.slice(at + 1), ...CLI_COMMANDS]]),
  ...CLI_COMMANDS.map((folder) => [
    folder,
    CLI_COMMANDS.filter(
      (other) => other !== folder && !(folder === "checks" && other === "outbox"),
    ),
  ]),
];

const cliRules = CLI_FORBIDDEN.map(([folder, forbidden]) => ({
  files: [`apps/cli/src/${folder}/**/*.ts`],
  ignores: ["**/*.test.ts"],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...patternsFor(FORBIDDEN["apps/cli"]),
          {
            regex: `^\\.\\./((${forbidden.join("|")})/|(main|runCli|commandTree)\\.ts$)`,
            message: "A folder of the command line imports the layers below it only.",
          },
        ],
      },
    ],
  },
}));

/** @type {import("eslint").Linter.Config[]} */
export const importRules = [
  ...folderRules,
  ...clientRules,
  ...convexRules,
  ...localDeploymentRules,
  ...cliRules,
];
