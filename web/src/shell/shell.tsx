// What stands around every view: the menu, of when the data is, the filter, what is wrong.
import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Route, Switch, useLocation } from "wouter";
import { formatHref, useParameters } from "../address/parameters.ts";
import { useAt } from "../address/use-at.ts";
import { UNTOLD } from "../api/failure.ts";
import { useStateOfData } from "../api/use-state-of-data.ts";
import { VIEWS } from "../views.ts";
import { useSpeech } from "../words/language.tsx";
import { AsOf } from "./as-of.tsx";
import { FailureBanner, PartialBanner, UntoldBanner } from "./banner.tsx";
import { CopyCommand } from "./copy-command.tsx";
import { FilterBox } from "./filter-box.tsx";
import { PastBar } from "./past-bar.tsx";
import { Settings } from "./settings.tsx";
import { LanguageSwitch, ThemeSwitch } from "./switches.tsx";
import { TimePicker } from "./time-picker.tsx";

export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { words } = useSpeech();
  const [path] = useLocation();
  const at = useAt();
  // What is of another instant is another view's: nothing of it stays.
  const place = `${path} ${at ?? ""}`;
  const { facts, ageMs, isStale, failure, partial, askAgain } = useStateOfData(place);
  return (
    <>
      <a class="skip" href="#answer">
        {words.shell.skip}
      </a>
      <header class={at === undefined ? undefined : "of-past"}>
        <span class="name">Rollcall</span>
        <Menu />
        <AsOf facts={facts} ageMs={ageMs} isStale={isStale} />
        <div class="switches">
          <TimePicker />
          <CopyCommand />
          <LanguageSwitch />
          <ThemeSwitch />
          <Settings onSignOut={onSignOut} />
        </div>
      </header>
      {at !== undefined && <PastBar at={at} facts={facts} />}
      <main id="answer" tabIndex={-1}>
        <Title path={path} />
        <FilterBox />
        {failure?.code === UNTOLD && <UntoldBanner failure={failure} />}
        {failure && failure.kind !== "signed_out" && failure.code !== UNTOLD && (
          <FailureBanner failure={failure} ageMs={facts && ageMs} onRetry={askAgain} />
        )}
        {partial !== undefined && <PartialBanner reason={partial} />}
        <Fence key={place}>
          <Switch>
            {VIEWS.map((view) => (
              <Route key={view.path} path={view.path}>
                <view.component />
              </Route>
            ))}
            <Route>
              <p class="empty">
                {words.shell.noView} <a href={formatHref("/")}>{words.shell.toFirstView}</a>
              </p>
            </Route>
          </Switch>
        </Fence>
      </main>
    </>
  );
}

/** The view's name, for the tab and for who cannot see where the menu stands. */
function Title({ path }: { readonly path: string }) {
  const { words } = useSpeech();
  const title = VIEWS.find((view) => view.title && isWithin(path, view.path))?.title;
  const text = title === undefined ? "Rollcall" : `${words.views[title]} · Rollcall`;
  useEffect(() => {
    document.title = text;
  }, [text]);
  return <h1 class="unseen">{text}</h1>;
}

/** The views; the filter goes along. */
function Menu() {
  const { words } = useSpeech();
  const [path] = useLocation();
  const { parameters } = useParameters();
  const list = useRef<HTMLElement>(null);
  // On a narrow screen the menu scrolls, and where one is must be seen.
  useEffect(() => {
    list.current?.querySelector(`[aria-current]`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [path]);
  return (
    <nav aria-label={words.shell.menu} ref={list}>
      {VIEWS.map(
        ({ path: own, title }) =>
          title && (
            <a
              key={own}
              href={formatHref(own, { q: parameters.q })}
              aria-current={isWithin(path, own) ? "page" : undefined}
            >
              {words.views[title]}
            </a>
          ),
      )}
    </nav>
  );
}

/** Whether a place belongs to a view: `/hosts/i-1` to `/hosts`. */
function isWithin(path: string, view: string): boolean {
  return path === view || (view !== "/" && path.startsWith(`${view}/`));
}

/** Keeps what fails in a view from taking the shell with it. */
class Fence extends Component<{ readonly children: ComponentChildren }, { readonly isBroken: boolean }> {
  override state = { isBroken: false };

  static override getDerivedStateFromError(): { readonly isBroken: boolean } {
    return { isBroken: true };
  }

  override componentDidCatch(error: unknown): void {
    reportError(error);
  }

  override render() {
    return this.state.isBroken ? <BrokenView /> : this.props.children;
  }
}

function BrokenView() {
  const { words } = useSpeech();
  return (
    <p class="empty broken" role="alert">
      {words.shell.broken}
    </p>
  );
}
