import type { GenericValidator } from "convex/values";
import { describe, expect, test } from "vitest";
import type { z } from "zod";

import {
  ARTIFACT_URL_FIELDS,
  artifactUrlFieldsSchema,
  checkInput,
  describeIssues,
  ERROR_CODES,
  errorCodeSchema,
  isErrorData,
  reportedRunSchema,
  rollbackSchema,
  runSchema,
  sourceSchema,
  UPDATE_OUTCOMES,
  updateMetaSchema,
  updateOutcomeSchema,
  updateSchema,
  vArtifactUrls,
  VIDEO_STATUSES,
  videoStatusSchema,
  vErrorCode,
  vReportedRun,
  vRollback,
  vRun,
  vSource,
  vUpdate,
  vUpdateMeta,
  vUpdateOutcome,
  vVideoStatus,
} from "./index.ts";

const issuesOf = (schema: z.ZodType, value: unknown) => {
  const checked = checkInput(schema, value);
  return checked.ok ? [] : checked.issues.map(({ path }) => path);
};
const literals = (validator: GenericValidator) =>
  validator.kind === "union"
    ? (validator.members as GenericValidator[]).map((member) =>
        member.kind === "literal" ? (member.value as string) : member.kind,
      )
    : [];

describe("updateSchema", () => {
  test("takes a status, URLs, or both, with and without everything that may accompany them", () => {
    const meta = {
      updateId: "u1",
      source: { id: "s", sequence: Number.MAX_SAFE_INTEGER },
      ageMs: 0.5,
      occurredAt: 1,
      run: { id: "r", startedAt: 1, ageMs: 1e13 },
      reason: "x".repeat(1000),
    };
    const urls = { chatUrl: "gs://b/x" };
    for (const change of [{ status: "Queued" }, { urls }, { status: "Failed", urls }])
      for (const rest of [{}, meta])
        expect(issuesOf(updateSchema, { twitchId: "1", ...change, ...rest })).toEqual([]);
  });

  test("takes a run that only has a name, or a name and either of its two ages", () => {
    const update = { twitchId: "1", status: "Queued" };
    for (const dated of [{}, { startedAt: 0 }, { ageMs: 0 }])
      expect(issuesOf(updateSchema, { ...update, run: { id: "r", ...dated } })).toEqual([]);
  });

  test("refuses one that changes nothing", () => {
    expect(issuesOf(updateSchema, { twitchId: "1", reason: "why" })).toEqual([""]);
  });

  test("finds everything that is wrong at once", () => {
    const update = {
      twitchId: "x",
      status: "banana",
      urls: { chatUrl: "ftp://x" },
      updateId: "",
      source: { id: "", sequence: 1.5 },
      ageMs: -1,
      occurredAt: Number.NaN,
      run: { id: "x".repeat(129), startedAt: 9e15, ageMs: 2e13 },
      reason: "x".repeat(1001),
    };
    expect(issuesOf(updateSchema, update).sort()).toEqual([
      "ageMs",
      "occurredAt",
      "reason",
      "run.ageMs",
      "run.id",
      "run.startedAt",
      "source.id",
      "source.sequence",
      "status",
      "twitchId",
      "updateId",
      "urls.chatUrl",
    ]);
  });

  test("refuses a field that it does not know, wherever it is", () => {
    const update = { twitchId: "1", status: "Queued" };
    expect(issuesOf(updateSchema, { ...update, admin: true })).toEqual([""]);
    expect(
      issuesOf(updateSchema, { ...update, run: { id: "r", startedAt: 1, admin: true } }),
    ).toEqual(["run"]);
  });

  test.each([0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses %d as the number of an update in its source",
    (sequence) => {
      const update = { twitchId: "1", status: "Queued", source: { id: "s", sequence } };
      expect(new Set(issuesOf(updateSchema, update))).toEqual(new Set(["source.sequence"]));
    },
  );
});

describe("the Convex validators", () => {
  test.each([
    ["vVideoStatus", vVideoStatus, VIDEO_STATUSES],
    ["vErrorCode", vErrorCode, ERROR_CODES],
    ["vUpdateOutcome", vUpdateOutcome, UPDATE_OUTCOMES],
  ])("%s takes exactly what its schema does", (_, validator, values) => {
    expect(literals(validator)).toEqual(values);
  });

  test("the schemas of the closed lists take every value", () => {
    for (const each of VIDEO_STATUSES) expect(issuesOf(videoStatusSchema, each)).toEqual([]);
    for (const each of ERROR_CODES) expect(issuesOf(errorCodeSchema, each)).toEqual([]);
    for (const each of UPDATE_OUTCOMES) expect(issuesOf(updateOutcomeSchema, each)).toEqual([]);
  });

  test("have the fields of their schemas, each as optional as there", () => {
    const optional = (fields: Record<string, { isOptional: string }>) =>
      Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [name, field.isOptional === "optional"]),
      );
    const optionalIn = (shape: Record<string, z.ZodType>) =>
      Object.fromEntries(
        Object.entries(shape).map(([name, field]) => [name, field.safeParse(undefined).success]),
      );
    expect(optional(vRun.fields)).toEqual(optionalIn(runSchema.shape));
    expect(optional(vReportedRun.fields)).toEqual(optionalIn(reportedRunSchema.shape));
    expect(optional(vSource.fields)).toEqual(optionalIn(sourceSchema.shape));
    expect(optional(vRollback)).toEqual(optionalIn(rollbackSchema.shape));
    expect(optional(vUpdateMeta)).toEqual(optionalIn(updateMetaSchema.shape));
    expect(optional(vArtifactUrls.fields)).toEqual(optionalIn(artifactUrlFieldsSchema.shape));
    expect(Object.keys(vArtifactUrls.fields)).toEqual([...ARTIFACT_URL_FIELDS]);
    expect(optional(vUpdate.fields)).toEqual(optionalIn(updateSchema.shape));
  });

  test("a status as an argument is any text: only the schema's refusal says what is right", () => {
    expect(vUpdate.fields.status.kind).toBe("string");
  });
});

describe("isErrorData", () => {
  test("knows this contract's errors, with details or without", () => {
    for (const code of ERROR_CODES) expect(isErrorData({ code, message: "m" })).toBe(true);
    expect(
      isErrorData({
        code: "INVALID_ARGUMENT",
        message: "m",
        issues: [{ path: "status", message: "m" }],
        twitchId: "1",
      }),
    ).toBe(true);
  });

  test.each([
    null,
    "Server Error",
    {},
    { code: "FORBIDDEN" },
    { code: "TEAPOT", message: "m" },
    { code: "INVALID_ARGUMENT", message: "m", issues: ["status"] },
  ])("does not take %j for one", (data) => {
    expect(isErrorData(data)).toBe(false);
  });
});

describe("describeIssues", () => {
  test("makes one line, with the path where there is one", () => {
    const issues = [
      { path: "urls.chatUrl", message: "must be short" },
      { path: "", message: "must hold a status" },
    ];
    expect(describeIssues(issues)).toBe("urls.chatUrl: must be short; must hold a status");
  });
});
