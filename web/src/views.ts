// The views of the page: a view is a file and a line here. What is not shown first is fetched when
// it is asked for (load.tsx):
// `component: load(() => import("./hosts/hosts.tsx").then(({ Hosts }) => Hosts))`.
import type { FunctionComponent } from "preact";
import { load } from "./load.tsx";
import { Versions } from "./versions/versions.tsx";
import type { Words } from "./words/en.ts";

/** A view of the page. */
export interface View {
  /** As wouter takes it: `/hosts`, `/hosts/:id`. What the view shows stands in its query. */
  readonly path: string;
  /** Its name in the words of both languages; a view without one is in no menu. */
  readonly title?: keyof Words["views"];
  readonly component: FunctionComponent;
}

export const VIEWS: readonly View[] = [
  { path: "/", title: "versions", component: Versions },
  {
    path: "/hosts",
    title: "hosts",
    component: load(() => import("./hosts/hosts.tsx").then(({ Hosts }) => Hosts)),
  },
  { path: "/hosts/:id", component: load(() => import("./host/host.tsx").then(({ Host }) => Host)) },
  {
    path: "/changes",
    title: "changes",
    component: load(() => import("./changes/changes.tsx").then(({ Changes }) => Changes)),
  },
  {
    path: "/coverage",
    title: "coverage",
    component: load(() => import("./coverage/coverage.tsx").then(({ Coverage }) => Coverage)),
  },
];
