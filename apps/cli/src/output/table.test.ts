import stringWidth from "string-width";
import { expect, test } from "vitest";

import { type Column, layOutTable } from "./table.ts";

type Row = { id: string; title: string };
const columns: Column<Row>[] = [
  { header: "VIDEO", value: ({ id }) => id },
  { header: "TITLE", value: ({ title }) => title, shrink: "end" },
];

test("columns are as wide as their widest cell", () => {
  const rows = [
    { id: "1", title: "short" },
    { id: "2434635255", title: "a longer title" },
  ];
  expect(layOutTable(columns, rows, null)).toEqual([
    "VIDEO       TITLE",
    "1           short",
    "2434635255  a longer title",
  ]);
});

test("a table fits the terminal, and a pipe gets every cell whole", () => {
  const rows = [{ id: "2434635255", title: "x".repeat(200) }];
  for (const line of layOutTable(columns, rows, 40))
    expect(stringWidth(line)).toBeLessThanOrEqual(40);
  expect(layOutTable(columns, rows, null)[1]).toContain("x".repeat(200));
});

test("wide characters count as what they take", () => {
  const rows = [
    { id: "1", title: "日本語のタイトル".repeat(8) },
    { id: "2", title: "plain" },
  ];
  for (const line of layOutTable(columns, rows, 50))
    expect(stringWidth(line)).toBeLessThanOrEqual(50);
});

test("control sequences in stored text do not reach the terminal", () => {
  const rows = [{ id: "1", title: "\u001b[2Jgone\nnext\u009b31m\u0007" }];
  const [, line = ""] = layOutTable(columns, rows, 80);
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(line).toContain("gone next");
});

test("a table that cannot shrink any further keeps its content", () => {
  const rows = [{ id: "12345678901234567890", title: "title" }];
  expect(layOutTable(columns, rows, 10)[1]).toContain("12345678901234567890");
});
