import { Plus } from "lucide-react";
import { lazy, Suspense, useState } from "react";

import { useConnection } from "../backend/useConnection.ts";
import { useMayWrite } from "../session/useSession.ts";
import { Button } from "../ui/Button.tsx";

// Fetched when it is opened: most visits only look.
const CreateVideoDialog = lazy(() => import("./CreateVideoDialog.tsx"));

/** Creates a queued video, and goes to its page. */
export function CreateVideo({ twitchId }: { twitchId?: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const isOffline = useConnection().kind !== "live";
  if (!useMayWrite()) return null;
  return (
    <>
      <Button look="primary" disabled={isOffline} onClick={() => setIsOpen(true)}>
        <Plus aria-hidden="true" className="size-4" />
        Create video
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <CreateVideoDialog twitchId={twitchId} onClose={() => setIsOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
