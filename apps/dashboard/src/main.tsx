import "./styles.css";

import { ConvexReactClient } from "convex/react";
import { createRoot } from "react-dom/client";

import { App } from "./App.tsx";
import { errorDataOf } from "./backend/describeFailure.ts";
import { ConfigurationError, loadConfiguration } from "./configuration/configuration.ts";
import { Misconfigured } from "./configuration/Misconfigured.tsx";
import { applyTheme, readTheme } from "./layout/theme.ts";
import { exchangeKey } from "./session/exchangeKey.ts";
import { Session } from "./session/Session.ts";
import { takeTokenFromAddress } from "./session/takeTokenFromAddress.ts";

// Before anything else: nothing that runs later may see it in the address.
const token = takeTokenFromAddress(window);
applyTheme(readTheme());

const container = document.getElementById("root");
if (container === null) throw new Error("the page has no #root");
const root = createRoot(container, {
  onCaughtError: (error) => {
    // An expected refusal is explained where it is caught; anything else is a fault to be found.
    if (errorDataOf(error) === null) reportError(error);
  },
});

try {
  const { deploymentUrl } = await loadConfiguration();
  // What fails is said on the page, in the reader's words.
  const client = new ConvexReactClient(deploymentUrl, {
    logger: false,
    // Or each sign-in would exchange its key twice.
    initialAuthTokenReuse: true,
  });
  const session = new Session({
    client,
    storage: sessionStorage,
    exchangeKey: (key) => exchangeKey(deploymentUrl, key),
    now: Date.now,
    delay: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  if (token === null) session.resume();
  else session.signIn(token);
  root.render(<App client={client} session={session} />);
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  root.render(<Misconfigured why={error.message} />);
}
