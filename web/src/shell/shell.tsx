// What stands around every view: the menu, of when the data is, the filter, what is wrong.
import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Route, Switch, useLocation } from "wouter";
import { formatHref, useParameters } from "../address/parameters.ts";
import { useStateOfData } from "../api/use-state-of-data.ts";
import { VIEWS } from "../views.ts";
import { useSpeech } from "../words/language.tsx";
import { AsOf } from "./as-of.tsx";
import { FailureBanner, PartialBanner } from "./banner.tsx";
import { CopyCommand } from "./copy-command.tsx";
import { FilterBox } from "./filter-box.tsx";
import { Settings } from "./settings.tsx";
import { LanguageSwitch, ThemeSwitch } from "./switches.tsx";

export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { words } = useSpeech();
  const [path] = useLocation();
  const { facts, ageMs, isStale, failure, partial, askAgain } = useStateOfData(path);
  return (
    <>
      <a class="skip" href="#answer">
        {words.shell.skip}
      </a>
      <header>
        <span class="name">Rollcall</span>
        <Menu />
        <AsOf facts={facts} ageMs={ageMs} isStale={isStale} />
        <div class="switches">
          <CopyCommand />
          <LanguageSwitch />
          <ThemeSwitch />
          <Settings onSignOut={onSignOut} />
        </div>
      </header>
      <main id="answer" tabIndex={-1}>
        <Title path={path} />
        <FilterBox />
        {failure && failure.kind !== "signed_out" && (
          <FailureBanner failure={failure} ageMs={facts && ageMs} onRetry={askAgain} />
        )}
        {partial !== undefined && <PartialBanner reason={partial} />}
        <Fence key={path}>
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
