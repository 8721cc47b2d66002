import { expect, it } from "vitest";

import { RequestError } from "../requestError.ts";
import { pushedCode } from "./deployedCode.ts";
import { moduleHash } from "./moduleFiles.ts";
import { startPushRequest, type ModuleConfig } from "./pushFormats.ts";

const NOTES: ModuleConfig = { path: "notes.js", source: "export {};", environment: "isolate" };

function push(changes: object, app: object = {}) {
  return startPushRequest.parse({
    adminKey: "key",
    ...changes,
    appDefinition: {
      definition: null,
      schema: null,
      changedModules: [],
      udfServerVersion: "1.48.0",
      ...app,
    },
  });
}

it("takes unchanged modules from what is deployed", () => {
  const unchangedModuleHashes = [
    { path: "notes.js", environment: "isolate", sha256: moduleHash(NOTES) },
  ];
  const request = push({}, { unchangedModuleHashes });
  expect(pushedCode(request, [NOTES]).modules).toEqual([NOTES]);
});

it("refuses a push whose unchanged module is another one here", () => {
  const unchangedModuleHashes = [{ path: "notes.js", environment: "isolate", sha256: "0" }];
  const request = push({}, { unchangedModuleHashes });
  expect(() => pushedCode(request, [NOTES])).toThrow(RequestError);
});
