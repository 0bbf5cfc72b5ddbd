// The page: who reads, then the shell around the view.
import { QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Router } from "wouter";
import { go } from "../address/parameters.ts";
import { BASE } from "../address/root.ts";
import { type Access, findAccess, tryKey } from "../api/access.ts";
import { Failure } from "../api/failure.ts";
import { keepKey } from "../api/key.ts";
import { createAnswers, toFailure } from "../api/use-answer.ts";
import { Speaking } from "../words/language.tsx";
import { FailureBanner } from "./banner.tsx";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";

/** The whole page. */
export function Page() {
  const answers = useMemo(createAnswers, []);
  useEffect(() => {
    document.addEventListener("click", followLink);
    return () => document.removeEventListener("click", followLink);
  }, []);
  return (
    <Speaking>
      <QueryClientProvider client={answers}>
        <Router base={BASE}>
          <Entrance />
        </Router>
      </QueryClientProvider>
    </Speaking>
  );
}

/** Links within the page lead to another state of it, without loading it anew. */
function followLink(event: MouseEvent): void {
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  const link = (event.target as Element).closest?.("a");
  if (event.defaultPrevented || !isPlain || !link || link.target !== "" || link.hasAttribute("download"))
    return;
  const { origin, pathname, href, hash } = new URL(link.href);
  if (origin !== location.origin || hash !== "" || !`${pathname}/`.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  if (href !== location.href) go(href);
  scrollTo(0, 0);
}

/** The sign-in where nobody is signed in; the shell for all others. */
function Entrance() {
  const answers = useQueryClient();
  const [access, setAccess] = useState<Access>("unknown");
  const [failure, setFailure] = useState<Failure>();

  const look = useCallback(() => {
    setFailure(undefined);
    findAccess().then(setAccess, (error: unknown) => setFailure(toFailure(error as Error)));
  }, []);
  useEffect(look, [look]);

  // A key that is revoked, or whose time has ended, while the page is open.
  useEffect(
    () =>
      answers.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (!(error instanceof Failure) || error.kind !== "signed_out") return;
        keepKey(undefined);
        answers.clear();
        setAccess(error.status === 403 ? "may_not_read" : "refused");
      }),
    [answers],
  );

  if (failure) return <FailureBanner failure={failure} ageMs={undefined} onRetry={look} />;
  if (access === "unknown") return null;
  if (access === "open")
    return (
      <Shell
        onSignOut={() => {
          keepKey(undefined);
          answers.clear();
          setAccess("closed");
        }}
      />
    );
  return <SignIn access={access} onKey={async (key) => setAccess(await tryKey(key))} />;
}
