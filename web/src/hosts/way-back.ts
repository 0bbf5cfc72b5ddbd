// The way back from a host to the list that it was opened from, and the place in it.

/** Where one was in a list. */
export interface Place {
  /** px */
  readonly top: number;
  readonly active: number | undefined;
}

/** Lists whose place is remembered. */
const MAX_PLACES = 20;

const places = new Map<string, Place>();
let lastList: string | undefined;

/** @param list its address */
export function keepPlace(list: string, place: Place): void {
  places.delete(list);
  places.set(list, place);
  for (const oldest of places.keys()) {
    if (places.size <= MAX_PLACES) break;
    places.delete(oldest);
  }
}

export function findPlace(list: string): Place | undefined {
  return places.get(list);
}

/** Says that a host is opened from this list. */
export function leaveList(list: string): void {
  lastList = list;
}

/** The list that the host was opened from; undefined where its address was opened itself. */
export function takeList(): string | undefined {
  return lastList;
}
