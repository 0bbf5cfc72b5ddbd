// What is wrong, in one line above the answer: a question that failed, or an answer that is not
// whole. The last answer stays.
import type { Failure } from "../api/failure.ts";
import type { Words } from "../words/en.ts";
import { useSpeech } from "../words/language.tsx";
import { ToldTimes } from "./told-times.tsx";

/** A failure in the reader's words; what Rollcall said stands as it is. */
export function describeFailure({ kind, status, detail }: Failure, { shell }: Words): string {
  if (kind === "unreachable") return shell.unreachable;
  if (kind === "not_ours") return shell.noAnswerOfOurs(status);
  if (kind === "unreadable") return shell.unreadable;
  return detail ?? shell.unreadable;
}

/** @param ageMs how old the data is that is shown; undefined where there is none */
export function FailureBanner({
  failure,
  ageMs,
  onRetry,
}: {
  readonly failure: Failure;
  readonly ageMs: number | undefined;
  readonly onRetry: () => void;
}) {
  const { words, formatAge } = useSpeech();
  const { shell } = words;
  return (
    <div class="banner broken" role="alert">
      <p>
        <strong>{shell.failed}:</strong> <bdi>{describeFailure(failure, words)}</bdi>{" "}
        <span class="soft">{ageMs === undefined ? shell.noAnswer : shell.keepsAnswer(formatAge(ageMs))}</span>
      </p>
      <button type="button" onClick={onRetry}>
        {shell.retry}
      </button>
    </div>
  );
}

/** What was not recorded cannot be told: why, and of which stretch of time. */
export function UntoldBanner({ failure }: { readonly failure: Failure }) {
  const { words } = useSpeech();
  return (
    <div class="banner behind" role="alert">
      <p>
        <strong>{words.past.untold}:</strong> <ToldTimes text={describeFailure(failure, words)} />
      </p>
    </div>
  );
}

/** What Rollcall says of an answer that is not of the whole store. */
export function PartialBanner({ reason }: { readonly reason: string }) {
  const { words } = useSpeech();
  return (
    <div class="banner behind" role="status">
      <p>
        <strong>{words.shell.partial}:</strong> <bdi>{reason}</bdi>
      </p>
    </div>
  );
}
