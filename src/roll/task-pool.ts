// The task pool: so many tasks at a time, whoever brings them, in the order they come.

export interface TaskPool {
  /**
   * Runs a task for each item. @throws the first failure, at once; what has begun goes on, the
   * others of this call never begin
   */
  run<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void>;
}

/**
 * Makes a pool. There is one promise for a list of items besides the tasks' own: at thousands of
 * reads a second that is to be felt.
 */
export function createTaskPool(count: number): TaskPool {
  let waiting: (() => Promise<void>)[] = [];
  let next = 0;
  let busy = 0;

  function take(): (() => Promise<void>) | undefined {
    const task = waiting[next];
    if (task) next++;
    else {
      waiting = [];
      next = 0;
    }
    return task;
  }

  /** One worker: goes on until nothing waits. What it runs never throws. */
  async function work(): Promise<void> {
    busy++;
    for (let task = take(); task; task = take()) await task();
    busy--;
  }

  return {
    run: (items, task) =>
      new Promise((resolve, reject) => {
        let left = items.length;
        let hasFailed = false;
        if (left === 0) resolve();
        for (const item of items) {
          waiting.push(async () => {
            if (hasFailed) return;
            try {
              await task(item);
              if (--left === 0) resolve();
            } catch (error) {
              hasFailed = true;
              reject(error);
            }
          });
        }
        while (busy < count && next < waiting.length) void work();
      }),
  };
}
