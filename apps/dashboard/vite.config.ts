import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

import { ANY_DEPLOYMENT, contentSecurityPolicy } from "./server/contentSecurityPolicy.ts";

/** Puts the policy into the built page, for hosts that send none. The development server needs inline scripts. */
const policyInPage: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: {
        "http-equiv": "Content-Security-Policy",
        content: contentSecurityPolicy(ANY_DEPLOYMENT, "meta"),
      },
      injectTo: "head-prepend",
    },
  ],
};

export default defineConfig({
  // Relative: the built page runs in any folder of any host.
  base: "./",
  plugins: [react(), tailwindcss(), policyInPage],
  build: {
    target: "baseline-widely-available",
    // A `data:` address would need an exception in the policy.
    assetsInlineLimit: 0,
  },
});
