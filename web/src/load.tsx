// Views that are fetched when they are asked for.
import { type FunctionComponent, lazy, Suspense } from "preact/compat";

/**
 * Makes a component of one that is in another file of the build. While that is fetched nothing is
 * shown; a failure is the page's to tell.
 */
export function load(fetchComponent: () => Promise<FunctionComponent>): FunctionComponent {
  const Fetched = lazy(() => fetchComponent().then((component) => ({ default: component })));
  return function Loaded() {
    return (
      <Suspense fallback={null}>
        <Fetched />
      </Suspense>
    );
  };
}
