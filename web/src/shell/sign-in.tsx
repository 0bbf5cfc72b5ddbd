// Asks for a read key, where no proxy has signed the reader in.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Access } from "../api/access.ts";
import type { Failure } from "../api/failure.ts";
import { toFailure } from "../api/use-answer.ts";
import { useSpeech } from "../words/language.tsx";
import { describeFailure } from "./banner.tsx";
import { LanguageSwitch, ThemeSwitch } from "./switches.tsx";

export function SignIn({
  access,
  onKey,
}: {
  readonly access: Access;
  /** Tries a key. @throws Failure where it cannot be told whether it works */
  readonly onKey: (key: string) => Promise<void>;
}) {
  const { words } = useSpeech();
  const { signIn } = words;
  const [key, setKey] = useState("");
  const [isTrying, setTrying] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  const submit = (event: Event) => {
    // The policy of the page lets no form be sent by the browser.
    event.preventDefault();
    const given = key.trim();
    if (given === "" || isTrying) return;
    setTrying(true);
    setFailure(undefined);
    onKey(given)
      .catch((error: unknown) => setFailure(toFailure(error as Error)))
      .finally(() => setTrying(false));
  };

  const complaint = failure ? describeFailure(failure, words) : describeAccess(access, signIn);
  return (
    <main class="sign-in">
      <h1>{signIn.title}</h1>
      {access === "reload" ? (
        <>
          <p>{signIn.reload}</p>
          <button type="button" class="primary" onClick={() => location.reload()}>
            {signIn.reloadPage}
          </button>
        </>
      ) : (
        <form onSubmit={submit}>
          <p>{signIn.lead}</p>
          <label for="key">{signIn.key}</label>
          <input
            id="key"
            ref={field}
            class="text"
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            aria-invalid={complaint !== undefined}
            aria-describedby={complaint === undefined ? undefined : "complaint"}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
          {complaint !== undefined && (
            <p id="complaint" class="broken" role="alert">
              <bdi>{complaint}</bdi>
            </p>
          )}
          <button type="submit" class="primary" disabled={isTrying}>
            {signIn.submit}
          </button>
          <p class="soft">
            {signIn.hint} <code>rollcall keys create --scope read --name page</code>
          </p>
        </form>
      )}
      <div class="switches">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
    </main>
  );
}

function describeAccess(
  access: Access,
  { refused, mayNotRead }: { readonly refused: string; readonly mayNotRead: string },
): string | undefined {
  if (access === "refused") return refused;
  return access === "may_not_read" ? mayNotRead : undefined;
}
