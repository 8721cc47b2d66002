import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/keys.ts", "src/testing.ts"],
  dts: true,
  fixedExtension: false,
  publint: { strict: true },
  attw: { profile: "esm-only", level: "error" },
});
