import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts"],
  dts: true,
  fixedExtension: false,
  publint: { strict: true },
  attw: { profile: "esm-only", level: "error" },
});
