// One value of a field, and how many hosts have it: a row of the answer.
import type { components } from "../api/openapi.d.ts";

export type VersionCount = components["schemas"]["VersionCount"];
