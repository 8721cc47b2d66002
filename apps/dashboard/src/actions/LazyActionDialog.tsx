import { lazy, Suspense } from "react";

import type { ActionDialogProps } from "./ActionDialog.tsx";

const ActionDialog = lazy(() => import("./ActionDialog.tsx"));

/** The dialog, fetched when the first one is opened: most visits only look. */
export function LazyActionDialog(props: ActionDialogProps) {
  return (
    <Suspense fallback={null}>
      <ActionDialog {...props} />
    </Suspense>
  );
}
