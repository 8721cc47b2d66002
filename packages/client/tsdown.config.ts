import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/keys.ts", "src/testing.ts"],
  dts: true,
  // The types of the generated API name some of its; none of its code is bundled.
  deps: { onlyBundle: ["convex-helpers"] },
  fixedExtension: false,
  publint: { strict: true },
  attw: { profile: "esm-only", level: "error" },
});
