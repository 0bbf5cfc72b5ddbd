// The recorder of history as the settings say: of a server, and of the command line alone.
import { keepDays } from "../../history/keep-days.ts";
import { createRecorder, type Recorder } from "../../history/recorder.ts";
import { compileLabels } from "../../questions/labels.ts";
import { prepareRecording, type RecordingSources } from "../../questions/recording.ts";
import type { Roll } from "../../roll/roll.ts";
import { SHARED_YIELDER } from "../../roll/yielder.ts";
import type { Store } from "../../store/store.ts";
import type { Io } from "../program/io.ts";
import type { HistorySettings } from "../settings/parsed-settings.ts";
import type { Settings } from "../settings/settings.ts";

/** What is taken from a running server, where there is one. */
type ServerSources = Pick<RecordingSources, "readExpected" | "clones" | "bounds">;

export interface HistoryRecorderOptions extends ServerSources {
  readonly store: Store;
  readonly roll: Pick<Roll, "view">;
  readonly settings: Pick<Settings, "labelRules" | "maxAgeMs">;
  readonly history: HistorySettings;
  /** Told where days that are over cannot be closed. */
  readonly onNotice: (notice: string, error?: unknown) => void;
}

/** Opens the recorder, which closes days that are over as well. Nothing is read yet. */
export function openRecorder(
  { store, roll, settings, history, onNotice, ...sources }: HistoryRecorderOptions,
  io: Pick<Io, "clock">,
): { readonly recorder: Recorder; readonly everyMs: number } {
  // A listing that is used for longer shows nothing new before.
  const everyMs = Math.max(history.everyMs ?? 0, settings.maxAgeMs() ?? 0);
  const { labelRules } = settings;
  const prepared = prepareRecording({
    ...sources,
    labelRules,
    labels: compileLabels(labelRules),
    ignore: history.ignore,
  });
  const recorder = createRecorder({
    ...prepared,
    store,
    view: () => roll.view(),
    everyMs,
    clock: io.clock,
    yielder: SHARED_YIELDER.of("history"),
  });
  const { describeHost } = prepared;
  return { recorder: keepDays(recorder, { store, describeHost, onNotice }), everyMs };
}
