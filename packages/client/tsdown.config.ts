import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/keys.ts", "src/testing.ts"],
  dts: true,
  // Without the paths of the sources, which would be a tenth of the declarations.
  inputOptions: { experimental: { attachDebugInfo: "none" } },
  outputOptions: { minifyInternalExports: false },
  fixedExtension: false,
  publint: { strict: true },
  attw: { profile: "esm-only", level: "error" },
});
