import { ConvexProvider, type ConvexReactClient } from "convex/react";
import { lazy, Suspense, useCallback } from "react";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";

import { ErrorBoundary } from "./layout/ErrorBoundary.tsx";
import { NotFound } from "./layout/NotFound.tsx";
import { Page } from "./layout/Page.tsx";
import { LoadingPage } from "./layout/LoadingPage.tsx";
import { OverviewPage } from "./overview/OverviewPage.tsx";
import { useHashPath, useHashSearch } from "./routing/hashLocation.ts";
import { overviewHref, PATHS, readSignInSearch, videoHref } from "./routing/routes.ts";
import type { Session } from "./session/Session.ts";
import { SignInPage } from "./session/SignInPage.tsx";
import { SessionContext, useIsSignedIn, useSession } from "./session/useSession.ts";

const VideoPage = lazy(() => import("./video/VideoPage.tsx"));
const PublicVideoPage = lazy(() => import("./lookup/PublicVideoPage.tsx"));

/** The whole page, on a client of the deployment and the session of this tab. */
export function App({ client, session }: { client: ConvexReactClient; session: Session }) {
  return (
    <ConvexProvider client={client}>
      <SessionContext value={session}>
        <Router hook={useHashPath} searchHook={useHashSearch}>
          <Page>
            <Routes />
          </Page>
        </Router>
      </SessionContext>
    </ConvexProvider>
  );
}

function Routes() {
  const session = useSession();
  const isSignedIn = useIsSignedIn();
  const [path] = useLocation();
  const onRefused = useCallback((why: string) => session.refuse(why), [session]);
  return (
    // Signed in and signed out are different pages: what failed in one need not fail in the other.
    <ErrorBoundary resetKey={`${path} ${String(isSignedIn)}`} onRefused={onRefused}>
      <Suspense fallback={<LoadingPage />}>
        <Switch>
          <Route path={PATHS.overview}>{isSignedIn ? <OverviewPage /> : <SignInPage />}</Route>
          <Route path={PATHS.video}>
            {({ twitchId }) =>
              isSignedIn ? (
                <VideoPage key={twitchId} twitchId={twitchId} />
              ) : (
                <PublicVideoPage key={twitchId} twitchId={twitchId} />
              )
            }
          </Route>
          <Route path={PATHS.signIn}>{isSignedIn ? <AfterSignIn /> : <SignInPage />}</Route>
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

/** Back to the video that somebody signed in for, or to all of them. */
function AfterSignIn() {
  const { video } = readSignInSearch(useHashSearch());
  return <Redirect to={video === undefined ? overviewHref() : videoHref(video)} replace />;
}
